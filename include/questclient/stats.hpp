// Counters and gauges of a sender.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/events.hpp>

namespace questclient {

struct HostStats {
  std::string address;
  std::string state;  ///< healthy, unknown, transient_reject, transport_error, topology_reject.
};

/// Of everything since the sender was opened; within about 3 %.
struct LatencyStats {
  std::uint64_t count = 0;
  std::chrono::nanoseconds p50{0};
  std::chrono::nanoseconds p90{0};
  std::chrono::nanoseconds p99{0};
  std::chrono::nanoseconds max{0};
};

/// Counters since the sender was opened, and gauges of this moment. Counters only grow. No secret stands in
/// it.
struct Stats {
  Fsn last_fsn = 0;     ///< Highest number in the slot.
  Fsn acked_fsn = 0;    ///< Every frame up to it is committed by a server.
  Fsn durable_fsn = 0;  ///< Every frame up to it is in the object store.

  std::uint64_t rows_flushed = 0;
  std::uint64_t bytes_flushed = 0;
  std::uint64_t automatic_flushes = 0;  ///< By rows, bytes or the timer.
  std::uint64_t frames_sent = 0;        ///< Replays included.
  std::uint64_t frames_replayed = 0;
  std::uint64_t bytes_sent = 0;     ///< Of request bodies, before compression.
  std::uint64_t bytes_on_wire = 0;  ///< Of request bodies, as they were sent.
  std::uint64_t requests = 0;

  std::uint64_t connect_attempts = 0;
  std::uint64_t connects = 0;
  std::uint64_t reconnects = 0;    ///< Connects after the first.
  std::uint64_t role_rejects = 0;  ///< 421, or /settings that takes no writes.
  std::uint64_t transport_errors = 0;
  std::uint64_t server_errors = 0;  ///< 5xx, 429, answers that are none.
  std::uint64_t schema_errors = 0;
  std::uint64_t parse_errors = 0;
  std::uint64_t write_errors = 0;
  std::uint64_t security_errors = 0;
  std::uint64_t internal_errors = 0;

  std::uint64_t rows_rejected = 0;  ///< To the dead letters.
  std::uint64_t rows_dropped = 0;
  std::uint64_t rows_missing = 0;
  std::uint64_t dropped_notifications = 0;  ///< Events that the inbox had no room for.
  std::uint64_t backpressure_stalls = 0;
  std::chrono::nanoseconds backpressure_time{0};
  std::uint64_t slot_io_errors = 0;
  std::uint64_t slot_syncs = 0;

  std::uint64_t slot_frames = 0;  ///< Waiting: not trimmed yet.
  std::uint64_t slot_rows = 0;
  std::uint64_t slot_bytes = 0;
  std::uint64_t slot_max_bytes = 0;              ///< The quota.
  std::chrono::nanoseconds oldest_frame_age{0};  ///< 0: the slot is empty.
  std::uint64_t memory_bytes = 0;                ///< Of frames held in memory.
  std::uint64_t dead_letters = 0;
  std::uint64_t dead_letter_bytes = 0;

  std::uint64_t drainers_active = 0;
  std::uint64_t drainers_finished = 0;
  std::uint64_t drainers_failed = 0;

  LatencyStats append_latency;   ///< flush(): from the call to its return.
  LatencyStats request_latency;  ///< From the request's first byte to its answer.
  LatencyStats ack_latency;      ///< From flush to committed.

  std::string connected_to;  ///< "host:port", or empty.
  std::uint64_t epoch = 0;   ///< Of the primary last heard from; 0: it does not say.
  std::string last_error;
  std::string last_terminal_error;  ///< Why sending has stopped, or empty.
  std::vector<HostStats> hosts;
};

/// One object, keys as the fields above; durations in microseconds (names end in _us).
std::string to_json(const Stats& stats);
/// The text format of Prometheus: questclient_* with the labels given, for example `sender_id="ingest-1"`.
std::string to_prometheus(const Stats& stats, std::string_view labels = {});

}  // namespace questclient
