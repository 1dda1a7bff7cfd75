#include "sender/stats_fields.hpp"

namespace questclient::sender {

namespace {

constexpr NumberField kNumbers[] = {
    {"last_fsn", &Stats::last_fsn, false, "Highest frame number in the slot."},
    {"acked_fsn", &Stats::acked_fsn, false, "Every frame up to it is committed by a server."},
    {"durable_fsn", &Stats::durable_fsn, false, "Every frame up to it is in the object store."},
    {"rows_flushed", &Stats::rows_flushed, true, "Rows moved into the slot."},
    {"bytes_flushed", &Stats::bytes_flushed, true, "Bytes of rows moved into the slot."},
    {"automatic_flushes", &Stats::automatic_flushes, true, "Flushes by rows, bytes or the timer."},
    {"frames_sent", &Stats::frames_sent, true, "Frames sent, replays included."},
    {"frames_replayed", &Stats::frames_replayed, true, "Frames sent again."},
    {"bytes_sent", &Stats::bytes_sent, true, "Bytes of request bodies, before compression."},
    {"bytes_on_wire", &Stats::bytes_on_wire, true, "Bytes of request bodies, as they were sent."},
    {"requests", &Stats::requests, true, "Requests made."},
    {"connect_attempts", &Stats::connect_attempts, true, "Attempts to connect to a host."},
    {"connects", &Stats::connects, true, "Hosts that took us."},
    {"reconnects", &Stats::reconnects, true, "Connects after the first."},
    {"role_rejects", &Stats::role_rejects, true, "Hosts that take no writes: 421, or their settings."},
    {"transport_errors", &Stats::transport_errors, true, "Connections that failed or broke."},
    {"server_errors", &Stats::server_errors, true, "Answers 5xx or 429, and what is no answer."},
    {"schema_errors", &Stats::schema_errors, true, "Answers 400: a value does not fit its column."},
    {"parse_errors", &Stats::parse_errors, true, "Answers 400: a line is not ILP to the server."},
    {"write_errors", &Stats::write_errors, true, "Answers 400 for any other reason, and 413."},
    {"security_errors", &Stats::security_errors, true, "Answers 401 and 403."},
    {"internal_errors", &Stats::internal_errors, true, "Answers 500."},
    {"rows_rejected", &Stats::rows_rejected, true, "Rows in the dead letters."},
    {"rows_dropped", &Stats::rows_dropped, true, "Rows given up: lost."},
    {"rows_missing", &Stats::rows_missing, true, "Rows the slot no longer held and nobody acknowledged."},
    {"dropped_notifications", &Stats::dropped_notifications, true, "Events the inbox had no room for."},
    {"backpressure_stalls", &Stats::backpressure_stalls, true, "Flushes that waited for room."},
    {"slot_io_errors", &Stats::slot_io_errors, true, "I/O errors of the slot."},
    {"slot_syncs", &Stats::slot_syncs, true, "Times the slot was synced to the disk."},
    {"slot_frames", &Stats::slot_frames, false, "Frames waiting in the slot."},
    {"slot_rows", &Stats::slot_rows, false, "Rows waiting in the slot."},
    {"slot_bytes", &Stats::slot_bytes, false, "Bytes of the slot."},
    {"slot_max_bytes", &Stats::slot_max_bytes, false, "The slot's quota."},
    {"memory_bytes", &Stats::memory_bytes, false, "Bytes of frames held in memory."},
    {"dead_letters", &Stats::dead_letters, false, "Dead letters kept."},
    {"dead_letter_bytes", &Stats::dead_letter_bytes, false, "Bytes of dead letters kept."},
    {"drainers_active", &Stats::drainers_active, false, "Background drainers at work."},
    {"drainers_finished", &Stats::drainers_finished, true, "Background drainers that emptied their slot."},
    {"drainers_failed", &Stats::drainers_failed, true, "Background drainers that gave up."},
    {"epoch", &Stats::epoch, false, "Epoch of the primary last heard from."},
};

constexpr DurationField kDurations[] = {
    {"backpressure_time", &Stats::backpressure_time, true, "Time that flushes waited for room."},
    {"oldest_frame_age", &Stats::oldest_frame_age, false, "Age of the oldest frame in the slot."},
};

constexpr LatencyField kLatencies[] = {
    {"append_latency", &Stats::append_latency, "flush(): from the call to its return."},
    {"request_latency", &Stats::request_latency, "From a request's first byte to its answer."},
    {"ack_latency", &Stats::ack_latency, "From flush to committed."},
};

constexpr TextField kTexts[] = {
    {"connected_to", &Stats::connected_to},
    {"last_error", &Stats::last_error},
    {"last_terminal_error", &Stats::last_terminal_error},
};

}  // namespace

std::span<const NumberField> number_fields() {
  return kNumbers;
}
std::span<const DurationField> duration_fields() {
  return kDurations;
}
std::span<const LatencyField> latency_fields() {
  return kLatencies;
}
std::span<const TextField> text_fields() {
  return kTexts;
}

}  // namespace questclient::sender
