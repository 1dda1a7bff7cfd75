// What other threads wait for.
#include <algorithm>

#include "sender/driver.hpp"
#include "sender/handler_scope.hpp"

namespace questclient::sender {

void Driver::refuse_in_handler(const char* call) const {
  if (!HandlerScope::is_inside(this)) return;
  throw Error(ErrorCode::invalid_api_call, Disposition::fix_and_resend,
              std::string(call) +
                  " was called from a handler, which runs on the thread that it would wait for. Wait on "
                  "another thread, or use flush_async, try_flush or Handlers::on_acknowledged.");
}

void Driver::throw_why_stopped(const SenderEvent& event) const {
  throw Error(event.code, Disposition::terminal, event.message, event.server);
}

void Driver::throw_closed() {
  throw Error(
      ErrorCode::closed, Disposition::terminal,
      "The sender was closed before what was waited for came true, and nothing changes any more. Rows "
      "in a slot on disk are sent by its next opening: wait for them there, or before close().");
}

template <class Reached>
bool Driver::wait_until(const char* call, std::chrono::milliseconds timeout, Reached reached) const {
  refuse_in_handler(call);
  std::unique_lock lock(observed_mutex_);
  const auto settled = [&] { return reached() || observed_.stopped || observed_.stopped_by; };
  // A deadline of its own arithmetic: adding the longest timeout to now would overflow.
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);
  observed_changed_.wait_for(lock, std::clamp(timeout, std::chrono::milliseconds(0), kLongest), settled);
  if (reached()) return true;
  if (observed_.stopped) throw_closed();
  if (observed_.stopped_by) throw_why_stopped(*observed_.stopped_by);
  return false;
}

void Driver::await_connection(bool only_one_round, std::chrono::milliseconds timeout) {
  start();
  const bool settled = wait_until("opening a sender", timeout, [&] {
    return observed_.was_connected || (only_one_round && observed_.round_failed);
  });
  std::unique_lock lock(observed_mutex_);
  if (settled && observed_.was_connected) return;
  lock.unlock();
  std::string reason = stats().last_error;
  if (reason.empty()) reason = "no host answered.";
  throw Error(ErrorCode::connect, Disposition::fix_and_resend,
              "No host takes rows: " + reason +
                  " Mend addr or start a server; or set initial_connect_retry=async to open the sender "
                  "without one.");
}

bool Driver::is_given_up(Fsn fsn, Ack ack) const {
  return std::any_of(observed_.given_up.begin(), observed_.given_up.end(), [&](const Observed::Lost& lost) {
    const Fsn safe = ack == Ack::committed ? lost.before.acked : lost.before.durable;
    return fsn > safe && lost.frames.first <= fsn && fsn < lost.frames.end;
  });
}

bool Driver::wait(Fsn fsn, Ack ack, std::chrono::milliseconds timeout) const {
  if (!options_.core.answers_are_commits) {
    throw Error(ErrorCode::config, Disposition::fix_and_resend,
                "ILP over TCP has no acknowledgements, so nothing can be waited for. Use http or https.");
  }
  bool refused = false;
  bool given_up = false;
  const bool reached = wait_until("wait", timeout, [&] {
    given_up = is_given_up(fsn, ack);
    if (given_up) return true;
    if (ack == Ack::committed) return observed_.acked >= fsn;
    refused = observed_.durable < fsn && observed_.durable_offered == false;
    return refused || observed_.durable >= fsn;
  });
  if (given_up) {
    throw Error(
        ErrorCode::rows_dropped, Disposition::fix_and_resend,
        "Frame " + std::to_string(fsn) +
            " is lost: the slot was full and gave it up, as sf_overflow=drop_oldest asks for. Send its "
            "rows again from their source, and give the slot a larger sf_max_total_bytes.");
  }
  if (!refused) return reached;
  throw Error(ErrorCode::config, Disposition::fix_and_resend,
              "The server does not tell which rows are durable: it has no object store or speaks plain ILP. "
              "Wait for Ack::committed, or connect to a cluster that replicates.");
}

bool Driver::drain(std::chrono::milliseconds timeout) const {
  struct Draining {
    const Driver& driver;
    explicit Draining(const Driver& waited_for) : driver(waited_for) { count(1); }
    ~Draining() { count(-1); }
    void count(std::ptrdiff_t change) const {
      const std::lock_guard lock(driver.observed_mutex_);
      driver.draining_ += static_cast<std::size_t>(change);
    }
  };
  const Draining draining(*this);
  return wait_until("drain", timeout, [&] {
    return observed_.stopped ? observed_.drained : later_.unfinished() == 0 && slot_->stats().frames == 0;
  });
}

void Driver::resume() {
  {
    const std::lock_guard lock(observed_mutex_);
    if (!observed_.stopped_by) return;
    // From now on, not only once Core has heard of it: who waits next must not be told of what is mended.
    observed_.stopped_by.reset();
    observed_.resuming = true;
  }
  loop_.post([this] {
    {
      const std::lock_guard lock(observed_mutex_);
      observed_.resuming = false;
    }
    handle([](Core& core, base::Time now) { return core.resume(now); });
  });
}

std::optional<SenderEvent> Driver::rejection(Fsn fsn) const {
  const std::lock_guard lock(observed_mutex_);
  for (const SenderEvent& event : observed_.rejections) {
    if (event.fsn == fsn) return event;
  }
  return std::nullopt;
}

}  // namespace questclient::sender
