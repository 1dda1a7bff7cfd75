#include "sender/sender_impl.hpp"

#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "buffer/fork_guard.hpp"
#include "sender/sender_options.hpp"

namespace questclient {

namespace {

/// Between two attempts of the flush timer: a row was under construction, or the slot had no room.
constexpr std::chrono::milliseconds kTakeAgain{20};

/// How long close() waits for another thread to end its row.
constexpr std::chrono::milliseconds kRowPatience{1000};

/// The token handler may be asked by the drainers' threads too, and is called once at a time.
Handlers one_at_a_time(Handlers handlers) {
  if (!handlers.token) return handlers;
  const auto turn = std::make_shared<std::mutex>();
  handlers.token = [turn, token = std::move(handlers.token)] {
    const std::lock_guard lock(*turn);
    return token();
  };
  return handlers;
}

/// What a flush without waiting ends with when the slot takes nothing.
FlushResult not_taken(LineBuffer& buffer) {
  FlushResult result;
  if (buffer.empty()) return result;
  result.failure = std::make_exception_ptr(
      Error(ErrorCode::slot_full, Disposition::fix_and_resend,
            "The slot has no room for rows that must not wait. They are given back: flush them again later, "
            "or with flush(), which waits."));
  result.rows = std::move(buffer);
  return result;
}

const Options& checked(const Options& options) {
  options.validate();
  return options;
}

}  // namespace

Sender::Impl::Impl(const Options& given, Handlers handlers)
    : options_(checked(given)), process_(buffer::fork_generation()), own_(sender::buffer_options(options_)) {
  handlers = one_at_a_time(std::move(handlers));
  sender::DriverOptions driver = driver_options(static_cast<bool>(handlers.token));
  const buffer::SlotOptions slot_options = sender::slot_options(options_);
  driver.slot_max_bytes = slot_options.max_total_bytes;
  buffer::SlotReport report;
  auto slot = buffer::Slot::open(slot_options, clock_, random_, report);
  driver_.emplace(driver, std::move(slot), report, clock_, random_, handlers,
                  [this](base::Time now) { return on_flush_timer(now); });
  if (options_.drain_orphans && !options_.sf_dir.empty()) {
    driver.add_stats = {};
    driver.inbox_capacity = 0;
    sender::Drainers::Token token;
    if (handlers.token) {
      // It is this sender's handler on whatever thread: what must not be called there is refused there.
      token = [this, ask = handlers.token] {
        const sender::HandlerScope scope(&*driver_);
        return ask();
      };
    }
    drainers_.emplace(options_, slot_options, std::move(driver), std::move(token), clock_, random_,
                      [this](SenderEvent event) { driver_->tell(std::move(event)); });
  }
  // In memory there is nothing to send yet, and many a sender is made that never sends.
  if (!options_.sf_dir.empty()) driver_->start();
  await_connection();
}

void Sender::Impl::await_connection() {
  if (options_.initial_connect_retry == ConnectRetry::async) return;
  const bool one_round = options_.initial_connect_retry == ConnectRetry::off;
  try {
    driver_->await_connection(
        one_round, one_round ? std::chrono::milliseconds::max() : options_.reconnect_max_duration_millis);
  } catch (...) {
    driver_->stop();  // while all that its thread may look at is still there
    throw;
  }
}

sender::DriverOptions Sender::Impl::driver_options(bool asks_for_tokens) {
  sender::DriverOptions result;
  result.core = sender::core_options(options_, asks_for_tokens);
  result.endpoint = net::make_endpoint(options_);
  result.publishes_stats = !options_.sf_dir.empty();
  result.inbox_capacity = options_.error_inbox_capacity;
  result.add_stats = [this](Stats& stats) { add_stats(stats); };
  return result;
}

bool Sender::Impl::is_in_child() const noexcept {
  return buffer::fork_generation() != process_;
}

void Sender::Impl::check_process() const {
  if (!is_in_child()) return;
  throw Error(ErrorCode::forked, Disposition::terminal,
              "The sender was opened before fork(), by the parent of this process, and stays the parent's. "
              "Open a sender of its own in the child, with another sender_id.");
}

std::shared_lock<std::shared_mutex> Sender::Impl::entered() const {
  check_process();
  std::shared_lock lock(closing_);
  if (closed_) {
    throw Error(ErrorCode::closed, Disposition::terminal,
                "The sender is closed. Open another one to send these rows.");
  }
  return lock;
}

void Sender::Impl::count(std::size_t rows, std::size_t bytes, bool automatic) {
  rows_flushed_ += rows;
  bytes_flushed_ += bytes;
  if (automatic) ++automatic_flushes_;
}

Fsn Sender::Impl::append(const buffer::AppendRows& rows) {
  const auto lock = entered();
  driver_->refuse_in_handler("A flush that may wait");
  if (rows.row_lengths.empty() && !rows.position) return 0;
  const base::Time begin = clock_.now();
  const Fsn fsn = driver_->append(rows);
  append_latency_.add(clock_.now() - begin);
  count(rows.row_lengths.size(), rows.payload.size(), rows.automatic);
  return fsn;
}

void Sender::Impl::refuse_open_row(const LineBuffer& buffer) {
  if (!buffer.row_is_open()) return;
  throw Error(
      ErrorCode::invalid_api_call, Disposition::fix_and_resend,
      "A flush was called in the middle of a row, which would be lost without a word. End the row with "
      "at() or at_now(), or give it up with cancel_row(); nothing was taken out of the buffer.");
}

Fsn Sender::Impl::flush(LineBuffer& buffer, bool automatic) {
  refuse_open_row(buffer);
  const Fsn fsn = append({buffer.payload(), buffer.row_lengths(), std::nullopt, automatic});
  buffer.clear();
  return fsn;
}

void Sender::Impl::check_position(const SourcePosition& position) const {
  if (options_.auto_flush) {
    throw Error(ErrorCode::invalid_api_call, Disposition::fix_and_resend,
                "flush(position) needs auto_flush=off: rows that were flushed on their own would be sent "
                "again after a crash, for the position stands before them.");
  }
  if (position.token.size() > buffer::kMaxPositionBytes) {
    throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
                "The position has " + std::to_string(position.token.size()) + " bytes, above the limit of " +
                    std::to_string(buffer::kMaxPositionBytes) + ". Store a reference to it instead.");
  }
}

Fsn Sender::Impl::flush(LineBuffer& buffer, const SourcePosition& position) {
  check_process();
  refuse_open_row(buffer);
  check_position(position);
  const Fsn fsn = append({buffer.payload(), buffer.row_lengths(), position.token, false});
  buffer.clear();
  return fsn;
}

Fsn Sender::Impl::flush_encoded(std::string_view payload, std::span<const std::uint32_t> row_lengths,
                                const SourcePosition* position) {
  check_process();
  if (position != nullptr) check_position(*position);
  std::uint64_t total = 0;
  bool empty_row = false;
  for (const std::uint32_t length : row_lengths) {
    total += length;
    empty_row = empty_row || length == 0;
  }
  if (total != payload.size() || empty_row) {
    throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
                "The row lengths do not describe the payload: they add up to " + std::to_string(total) +
                    " of " + std::to_string(payload.size()) + " bytes" + (empty_row ? ", and one is 0" : "") +
                    ". Give the bytes of each row, line end included.");
  }
  const auto token = position == nullptr ? std::nullopt : std::optional<std::string_view>(position->token);
  return append({payload, row_lengths, token, false});
}

void Sender::Impl::flush_async(LineBuffer& buffer, std::function<void(FlushResult)> done) {
  refuse_open_row(buffer);
  // A slot may be done before it returns; the application's callback has to wait until no lock is held.
  struct Call {
    std::thread::id caller = std::this_thread::get_id();
    bool returned = false;  // these two are the caller's thread's alone
    bool ended_at_once = false;
    std::optional<FlushResult> result;
    std::function<void(FlushResult)> done;
  };
  const auto call = std::make_shared<Call>();
  call->done = std::move(done);
  const auto finish = [this, call] {
    driver_->call_outside([call] { call->done(*std::move(call->result)); });
  };
  {
    const auto lock = entered();
    const std::size_t rows = buffer.rows(), bytes = buffer.size();
    const auto appended = [=, this](const buffer::Appended& end, LineBuffer given_back) {
      if (!end.failure) count(rows, bytes, false);
      call->result = FlushResult{end.fsn, end.failure, std::move(given_back)};
      if (std::this_thread::get_id() != call->caller || call->returned) return finish();
      call->ended_at_once = true;
    };
    sender::LaterAppends& later = driver_->later();
    const bool taken = rows > 0 && later.append(buffer, appended);
    if (!taken) {
      call->result = not_taken(buffer);
      call->ended_at_once = true;
    }
    call->returned = true;
  }
  if (call->ended_at_once) finish();
}

bool Sender::Impl::try_flush(LineBuffer& buffer, bool automatic) {
  refuse_open_row(buffer);
  const auto lock = entered();
  if (buffer.empty()) return true;
  return driver_->later().append_for_good(
      buffer, automatic,
      [this, automatic](Fsn, std::size_t rows, std::size_t bytes) { count(rows, bytes, automatic); });
}

bool Sender::Impl::flush_and_wait(LineBuffer& buffer) {
  if (is_tcp(options_.transport)) driver().wait(1, Ack::committed, {});  // says why it cannot be waited for
  const Fsn fsn = flush(buffer);
  if (fsn == 0) return true;
  const bool committed = driver().wait(fsn, Ack::committed, options_.retry_timeout);
  if (const auto refused = driver().rejection(fsn)) {
    throw Error(ErrorCode::rejected, Disposition::terminal, refused->message, refused->server);
  }
  return committed;
}

void Sender::Impl::row_ended() {
  check_process();
  const Leaving leaving{*this};
  if (!options_.auto_flush) return;
  LineBuffer& rows = own_.open();
  // First of all: should the flush fail, the timer tries again.
  if (options_.auto_flush_interval.count() > 0 && own_.note_oldest(clock_))
    driver_->arm_flush_timer(clock_.now() + options_.auto_flush_interval);
  const bool by_rows = options_.auto_flush_rows != 0 && rows.rows() >= options_.auto_flush_rows;
  const bool by_bytes = options_.auto_flush_bytes != 0 && rows.size() >= options_.auto_flush_bytes;
  if (by_rows || by_bytes || own_.is_overdue()) flush(rows, true);
}

std::optional<base::Time> Sender::Impl::on_flush_timer(base::Time now) {
  const base::Time oldest = own_.oldest_or_disarm();
  if (oldest == base::Time{}) return std::nullopt;
  if (now < oldest + options_.auto_flush_interval) return oldest + options_.auto_flush_interval;
  const bool taken = own_.try_take([this](LineBuffer& rows) {
    try {
      return try_flush(rows, true);
    } catch (const Error&) {
      return false;  // closed meanwhile: close() flushes them
    }
  });
  return now + (taken ? options_.auto_flush_interval : kTakeAgain);
}

void Sender::Impl::resume() {
  const auto lock = entered();
  driver_->resume();
  if (drainers_) drainers_->resume();
}

void Sender::Impl::flush_own_rows() {
  // Another thread may be in a flush, which ends at its own deadline.
  if (!own_.open_to_close(options_.sf_append_deadline_millis + kRowPatience)) {
    throw Error(
        ErrorCode::invalid_api_call, Disposition::fix_and_resend,
        "close() was called while another thread was in the middle of a row; the rows of the sender's "
        "own buffer were not flushed. End the row, or join that thread, before close().");
  }
  const Leaving leaving{*this};
  LineBuffer& rows = own_.open();
  const bool in_row = rows.row_is_open();
  rows.cancel_row();
  flush(rows);
  if (!in_row) return;
  throw Error(ErrorCode::invalid_api_call, Disposition::fix_and_resend,
              "close() was called in the middle of a row, which is dropped; the rows before it are flushed. "
              "End each row with at() or at_now().");
}

void Sender::Impl::close() {
  check_process();
  driver_->refuse_in_handler("close");
  const std::lock_guard once(close_mutex_);
  if (closed_) return;
  std::exception_ptr failure;
  try {
    flush_own_rows();
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::unique_lock lock(closing_);
    closed_ = true;
  }
  try {
    driver_->drain(options_.close_flush_timeout_millis);
  } catch (const Error&) {
    // Sending has stopped: there is nothing to wait for, and the handler has been told.
  }
  if (drainers_) drainers_->stop();
  driver_->stop();
  if (failure) std::rethrow_exception(failure);
}

std::optional<SourcePosition> Sender::Impl::position() const {
  auto token = driver().position();
  if (!token) return std::nullopt;
  return SourcePosition{*std::move(token)};
}

void Sender::Impl::add_stats(Stats& stats) const {
  stats.rows_flushed = rows_flushed_;
  stats.bytes_flushed = bytes_flushed_;
  stats.automatic_flushes = automatic_flushes_;
  if (drainers_) {
    const auto drainers = drainers_->counts();
    stats.drainers_active = drainers.active;
    stats.drainers_finished = drainers.finished;
    stats.drainers_failed = drainers.failed;
  }
  const auto append = append_latency_.summary();
  stats.append_latency = {append.count, append.p50, append.p90, append.p99, append.max};
}

}  // namespace questclient
