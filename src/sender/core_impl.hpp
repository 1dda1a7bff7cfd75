// The state behind Core. Its functions stand in files by idea:
//   core.cpp             events in, bookkeeping
//   core_connection.cpp  which host, when; what /settings said
//   core_sending.cpp     the next request
//   core_answers.cpp     answers to rows and to questions about positions
//   core_rejections.cpp  400 and 413: splitting
//   core_policies.cpp    what becomes of a refused row; stopping and going on
//   core_reports.cpp     what the application is told
//   core_words.cpp       what servers say, in sentences
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/histogram.hpp"
#include "failover/answer_class.hpp"
#include "failover/host_walk.hpp"
#include "sender/batch.hpp"
#include "sender/capabilities.hpp"
#include "sender/core.hpp"
#include "sender/drain_limit.hpp"
#include "sender/poison.hpp"
#include "sender/rejection.hpp"
#include "sender/row_search.hpp"
#include "sender/secrets.hpp"
#include "sender/sender_memory.hpp"
#include "sender/slot_cursor.hpp"
#include "sender/trial.hpp"

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

/// How long a host may take to say whether it takes rows before the next one is asked beside it.
inline constexpr std::chrono::milliseconds kAttemptPause{250};
/// How long after its last answer a host is still believed to take rows: within it a connection that ended in
/// good order is opened anew without asking.
inline constexpr std::chrono::seconds kTakenAtItsWord{1};
/// A token is asked for at most this often.
inline constexpr std::chrono::seconds kTokenPause{1};

enum class Phase : std::uint8_t {
  stopped,    ///< Not started, or told to stop: see stopped_by.
  unarmed,    ///< Waits for a token; asks again at wake_at.
  idle,       ///< No connection, and nothing that needs one.
  sleeping,   ///< Until wake_at.
  looking,    ///< Hosts are asked for their /settings: no rows before one says that it takes them.
  ready,      ///< The host takes rows.
  reopening,  ///< It does still; the connection ended in good order, and a new one is being made.
};

enum class Question : std::uint8_t { position, durable, write };

/// A host that is asked for its /settings, or is being connected to.
struct Attempt {
  ConnectionId connection;
  std::size_t host;
  bool asked = false;
};

/// The one request under way on the connection that takes rows.
struct InFlight {
  Question question = Question::position;
  base::Uuid stream;  ///< Whose position was asked for, or whose rows are sent.
  Batch batch;
  bool gzip = false;
  bool witness = false;                ///< A row that is sent out of turn (trial.hpp).
  std::vector<base::FramePtr> frames;  ///< Of the batch, so that a row can be buried.
  base::Time sent_at{};
  std::chrono::milliseconds wait{0};
};

/// With a full stop where it has no end of its own.
std::string sentence(std::string text);

struct Core::Impl {
  Impl(CoreOptions options, buffer::FrameStore& frame_store, base::RandomSource& random_source);

  // --- core.cpp
  std::vector<Action> take() { return std::exchange(actions, {}); }
  /// Runs `step`; a slot that fails is reported and tried again later.
  template <class Step>
  std::vector<Action> guarded(base::Time now, Step step);
  void answered(const net::HttpResponse& response, base::Time now);
  void hold(const Error& error, base::Time now);
  bool has_work();

  // --- core_reports.cpp
  std::string host_name() const;
  /// With the host, and the server's own words if an answer is being looked at.
  SenderEvent event(SenderEvent::Kind kind, ErrorCode code, std::string message,
                    Disposition disposition = Disposition::retrying) const;
  void report(SenderEvent told);
  /// Not again before the host has taken rows.
  void warn_once(ErrorCode code, const std::string& message);
  Progress reached() const;
  void report_progress();
  void measure_acknowledged();
  void count_busy(int status);

  // --- core_words.cpp
  /// parse_rejection() without credentials.
  Rejection words_of(const net::HttpResponse& response, std::uint32_t rows) const;
  /// Behind what has stopped the sender. `instead`: what a sender that is opened again may do better with.
  std::string what_to_do_when_stopped(const std::string& mend, const std::string& instead) const;
  /// "it is a replica", or empty: it does not say.
  std::string role_of(const net::HttpResponse& response) const;
  /// ": it is a replica; no writes here (error id e-7)", or empty.
  std::string reasons_of(const net::HttpResponse& response) const;
  /// What it answered, why, and what to do.
  std::string answer_of(const net::HttpResponse& response) const;
  std::string farewell(const std::string& why) const;

  // --- core_connection.cpp
  void walk_on(base::Time now);
  /// What happens now concerns this attempt. Null: there is none of that name.
  Attempt* pick(ConnectionId attempt);
  void ask_settings(Attempt& attempt);
  /// Another host takes our rows, or none may any more.
  void stop_looking();
  /// The host takes our rows, be it on a connection that is only being made.
  bool is_taken() const { return phase == Phase::ready || phase == Phase::reopening; }
  /// `is_routine`: nothing is wrong.
  void leave(const std::string& why = {}, bool is_routine = false);
  void fail(failover::HostState state, ErrorCode code, const std::string& message, base::Time now);
  void fail_busy(ErrorCode code, const std::string& message, base::Time now);
  void reconnect(base::Time now);
  void reopen();
  void reopened(base::Time now);
  /// An answer is dealt with: what comes next, on a new connection where the host ends this one.
  void go_on_behind(const net::HttpResponse& response, base::Time now);
  void lost(const net::NetError& error, base::Time now);
  void ended(base::Time now);
  void on_settings(const net::HttpResponse& response, base::Time now);
  void accept(const Capabilities& found, base::Time now);
  void refuse(ErrorCode code, const std::string& message, base::Time now);
  void refuse_history(const StreamSpan& span, base::Time now);
  /// Every answer that no question has a meaning of its own for.
  void on_common_answer(const net::HttpResponse& response, base::Time now);
  bool is_from_deposed_primary(const net::HttpResponse& response, base::Time now);
  /// The epoch that an earlier process saw is over this one. False: not any more.
  bool remembers_later_than(std::uint64_t answered, base::Time now);
  void note_epoch(const net::HttpResponse& response);

  // --- core_sending.cpp
  void pump(base::Time now);
  bool ask_before_sending(StreamSpan& span, base::Time now);
  /// The row to be sent out of turn now, to see whether the host takes any.
  std::optional<SlotCursor::Row> next_witness();
  void send_witness(const SlotCursor::Row& row, base::Time now);
  bool is_impossible_token(const StreamSpan& span, const Batch& batch);
  void send_rows(StreamSpan& span, Batch batch, std::span<const base::FramePtr> frames, base::Time now);
  std::optional<base::GapAcceptance> gap_before(StreamSpan& span, const Batch& batch);
  void report_missing(const StreamSpan& span, base::StreamPosition expected, base::StreamPosition begin);
  void ask_position(StreamSpan& span, base::Time now);
  void ask_durable(StreamSpan& span, std::chrono::milliseconds wait, base::Time now);
  void send(net::HttpRequest request, InFlight asked, base::Time now);
  BatchLimits limits() const;
  bool compresses() const;
  bool needs_version_one() const;
  /// Whether rows are trimmed only when they are in the object store.
  bool trims_at_durable() const;

  // --- core_answers.cpp
  void on_write(const net::HttpResponse& response, base::Time now);
  void on_rows_committed(const net::HttpResponse& response, base::Time now);
  void on_witness_committed();
  bool is_poisoned(const net::HttpResponse& response, base::Time now);
  void on_conflict(const net::HttpResponse& response, base::Time now);
  /// True: the host names a position that no row of ours has, and was refused.
  bool tells_nonsense(const StreamSpan& span, std::optional<base::StreamPosition> token, base::Time now);
  void on_position(const net::HttpResponse& response, base::Time now);
  bool durable_ack_is_missing(const net::HttpResponse& response) const;
  void take_durable(StreamSpan& span, const net::HttpResponse& response);

  // --- core_rejections.cpp
  void on_bad_rows(const net::HttpResponse& response, base::Time now);
  void on_too_large(const net::HttpResponse& response, base::Time now);
  void on_refused_compression();
  /// A single row is refused, and no line was named.
  void give_up_blindly(ErrorPolicy policy, const std::string& reason, base::Time now);
  /// The host failed at the rows of `request` instead of answering for them. False: nothing was decided, go
  /// on as after any failure.
  bool suspect_rows(const InFlight& request, ErrorPolicy policy, const std::string& reason, base::Time now);

  // --- core_policies.cpp
  ErrorPolicy policy_of(RefusalKind kind) const;
  std::uint64_t& counter_of(RefusalKind kind);
  /// What the policy says about a row of `request` that no server takes. True: it is out of the way.
  /// REQUIRES: not retry.
  bool give_up_row(const InFlight& request, ErrorPolicy policy, ErrorCode code, base::StreamPosition at,
                   const std::string& reason, base::Time now);
  bool bury(const base::Frame& frame, base::StreamPosition at, const std::string& reason, base::Time now);
  void drop_row(base::StreamPosition at, const std::string& reason);
  void halt(SenderEvent why);
  /// `what`: who refused our credentials, and how.
  void on_unauthorised(const std::string& what, base::Time now);
  void ask_token(base::Time now);
  void on_token(std::string_view token, base::Time now);
  void report_bad_token(std::size_t at);
  void on_fresh_token(base::Time now);
  void resume(base::Time now);
  /// What was stopped is not any more, and is told so.
  void go_on(const std::string& why);

  CoreOptions options;
  buffer::FrameStore& store;
  base::RandomSource& random;
  failover::HostWalk walk;
  SenderMemory memory;
  Secrets secrets;
  SlotCursor slot;
  RowSearch search;
  Poison poison;
  Trial trial;
  failover::Backoff resume_pause;
  DrainLimit drain;

  std::vector<Action> actions;
  Phase phase = Phase::stopped;
  ConnectionId connection = 0;  ///< That takes rows, or the attempt that an event is about; 0: it was left.
  std::size_t host = 0;         ///< Of that connection.
  ConnectionId newest = 0;
  std::vector<Attempt> attempts;  ///< Phase::looking only, in the order in which they began.
  base::Time next_attempt_at{};
  Capabilities capabilities;
  bool connection_is_gone = false;  ///< There is nothing to disconnect.
  bool met_a_server = false;        ///< capabilities are those of a host that took us.
  std::uint64_t epoch = 0;          ///< The highest seen.
  /// The highest that an earlier process saw; 0: it does not count any more.
  std::uint64_t remembered_epoch = 0;
  base::Time forget_epoch_at = base::Time::max();
  std::optional<InFlight> in_flight;

  base::Time wake_at{};
  base::Time hold_until{};  ///< The slot failed: nothing is sent before.
  base::Time last_reconnect = base::Time::min();
  base::Time heard_at{};    ///< The newest answer of the host that takes rows.
  bool is_unheard = false;  ///< The connection was reopened, and nothing was answered on it yet.
  base::Time next_poll_at{};
  base::Time drain_at = base::Time::max();  ///< When a limited backlog goes on.
  base::Time next_token_at = base::Time::min();
  std::chrono::milliseconds poll_wait{0};
  bool connection_progressed = false;
  bool outage_reported = false;  ///< Since rows got through.
  bool bad_token_reported = false;
  bool unauthorised_reported = false;
  bool resumed_in_vain = false;              ///< Nothing got through since resume().
  std::vector<std::string> warned;           ///< By host: the warning that need not be repeated.
  std::vector<bool> refuses_gzip;            ///< By host.
  ErrorCode last_code = ErrorCode::connect;  ///< Of the last failure of a host.
  std::optional<SenderEvent> stopped_by;
  const net::HttpResponse* answered_by = nullptr;  ///< The one being looked at.
  std::int64_t wall_nanos = 0;                     ///< Now, as far as it was told.

  int conflicts = 0;
  int blind_burials = 0;
  std::uint64_t burials = 0;  ///< Since a row was accepted.
  std::size_t cut_bytes = 0;  ///< Learnt from 413 on this connection, or as it ended; 0: none.
  bool cut_is_new = false;    ///< It holds for the next connection too: many a server hangs up behind 413.
  base::StreamPosition highest_sent;
  const base::Fsn opened_at;           ///< Streams that begin here or later are this process's own.
  BuriedRows::Range missing_reported;  ///< The newest loss that was told.

  base::Fsn dropped_below = 0;   ///< Frames below it that are missing were dropped, and reported.
  base::Fsn measured_below = 0;  ///< Frames whose acknowledgement was measured.

  Progress progress;
  Progress acknowledged;  ///< The highest Acknowledged.
  base::Histogram request_latency;
  base::Histogram ack_latency;
  Stats stats;
};

}  // namespace questclient::sender
