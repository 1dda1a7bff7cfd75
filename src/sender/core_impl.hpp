// The state behind Core. Its functions stand in files by idea:
//   core.cpp             events in, bookkeeping
//   core_connection.cpp  which host, when; what /settings said
//   core_sending.cpp     the next request
//   core_answers.cpp     answers to rows and to questions about positions
//   core_rejections.cpp  400 and 413: splitting and burying
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "failover/answer_class.hpp"
#include "failover/host_walk.hpp"
#include "sender/batch.hpp"
#include "sender/capabilities.hpp"
#include "sender/core.hpp"
#include "sender/rejection.hpp"
#include "sender/slot_cursor.hpp"

namespace questclient::sender {

/// 409 in a row, without a row accepted in between, after which a host is not believed any more.
inline constexpr int kMaxConflicts = 4;
/// Single rows refused in a row by a server that names no line, after which the host is suspected rather than
/// the rows; after a backoff the next rows are tried.
inline constexpr int kMaxBlindBurials = 8;
/// Rows buried in a row after which an operator is warned, and again at each doubling.
inline constexpr std::uint64_t kBurialsBeforeWarning = 128;
/// The first wait for durability after rows were sent: rows appended meanwhile have to wait as long.
inline constexpr std::chrono::milliseconds kFirstDurableWait{20};

enum class Phase : std::uint8_t {
  stopped,     ///< Not started, or unauthorised.
  idle,        ///< No connection, and nothing that needs one.
  sleeping,    ///< Until wake_at.
  connecting,  ///< A Connect is under way.
  asking,      ///< GET /settings is under way: no rows before the host says that it takes them.
  ready,       ///< The host takes rows.
};

enum class Question : std::uint8_t { settings, position, durable, write };

/// The one request under way.
struct InFlight {
  Question question = Question::settings;
  base::Uuid stream;  ///< Whose position was asked for, or whose rows are sent.
  Batch batch;        ///< Its body has moved into the request.
  std::size_t body_bytes = 0;
  std::vector<base::FramePtr> frames;  ///< Of the batch, so that a row can be buried.
  base::Time sent_at{};
  std::chrono::milliseconds wait{0};
};

struct Core::Impl {
  Impl(CoreOptions options, buffer::FrameStore& frame_store, base::RandomSource& random_source);

  // --- core.cpp
  std::vector<Action> take() { return std::exchange(actions, {}); }
  /// Runs `step`; a slot that fails is reported and tried again later.
  template <class Step>
  std::vector<Action> guarded(base::Time now, Step step);
  void report(SenderEvent::Kind kind, std::string message);
  void warn_once(const std::string& message);
  void report_progress();
  void hold(const std::string& message, base::Time now);
  std::string host_name() const;
  bool has_work();

  // --- core_connection.cpp
  void walk_on(base::Time now);
  void leave(bool connection_is_lost);
  void fail(failover::HostState state, const std::string& message, base::Time now);
  void fail_busy(const std::string& message, base::Time now);
  void stop_unauthorised(const net::HttpResponse& response);
  void reconnect(bool connection_is_lost, base::Time now);
  void lost(const net::NetError& error, base::Time now);
  void on_settings(const net::HttpResponse& response, base::Time now);
  void accept(const Capabilities& found, base::Time now);
  void refuse(const std::string& message, base::Time now);
  /// Every answer that no question has a meaning of its own for.
  void on_common_answer(const net::HttpResponse& response, base::Time now);
  bool is_from_deposed_primary(const net::HttpResponse& response);

  // --- core_sending.cpp
  void pump(base::Time now);
  bool ask_before_sending(StreamSpan& span, base::Time now);
  bool is_impossible_token(const StreamSpan& span, const Batch& batch);
  void send_rows(StreamSpan& span, Batch batch, std::span<const base::FramePtr> frames, base::Time now);
  std::optional<base::GapAcceptance> gap_before(StreamSpan& span, const Batch& batch);
  void report_missing(const StreamSpan& span, base::StreamPosition expected, base::StreamPosition begin);
  void ask_position(StreamSpan& span, base::Time now);
  void ask_durable(StreamSpan& span, std::chrono::milliseconds wait, base::Time now);
  void send(net::HttpRequest request, InFlight asked, base::Time now);
  BatchLimits limits() const;
  /// Whether rows are trimmed only when they are in the object store.
  bool trims_at_durable() const;

  // --- core_answers.cpp
  void on_write(const net::HttpResponse& response, base::Time now);
  void on_rows_committed(const net::HttpResponse& response, base::Time now);
  void on_conflict(const net::HttpResponse& response, base::Time now);
  void on_position(const net::HttpResponse& response, base::Time now);
  bool durable_ack_is_missing(const net::HttpResponse& response) const;
  void take_durable(StreamSpan& span, const net::HttpResponse& response);

  // --- core_rejections.cpp
  void on_bad_rows(const net::HttpResponse& response, base::Time now);
  void on_too_large(const net::HttpResponse& response, base::Time now);
  void halve();
  void halve_again_after_success();
  bool bury(base::StreamPosition at, const std::string& reason, base::Time now);
  void bury_blindly(const std::string& reason, base::Time now);

  CoreOptions options;
  buffer::FrameStore& store;
  base::RandomSource& random;
  failover::HostWalk walk;
  SlotCursor slot;

  std::vector<Action> actions;
  Phase phase = Phase::stopped;
  ConnectionId connection = 0;
  std::size_t host = 0;
  Capabilities capabilities;
  bool met_a_server = false;  ///< capabilities are those of a host that took us.
  std::uint64_t epoch = 0;    ///< The highest seen.
  std::optional<InFlight> in_flight;

  base::Time wake_at{};
  base::Time hold_until{};  ///< The slot failed: nothing is sent before.
  base::Time last_reconnect = base::Time::min();
  base::Time next_poll_at{};
  std::chrono::milliseconds poll_wait{0};
  bool connection_progressed = false;
  bool outage_reported = false;
  std::vector<std::string> warned;  ///< By host: the warning that need not be repeated.

  int conflicts = 0;
  int blind_burials = 0;
  std::uint64_t burials = 0;    ///< Since a row was accepted.
  std::size_t cut_bytes = 0;    ///< Learnt from 413 on this connection; 0: none.
  std::uint32_t row_limit = 0;  ///< While a bad row is looked for; 0: none.
  base::StreamPosition suspect_end;
  base::StreamPosition highest_sent;
  base::StreamPosition missing_reported;  ///< Where the rows begin that follow the last reported loss.

  Progress progress;
  Stats stats;
};

}  // namespace questclient::sender
