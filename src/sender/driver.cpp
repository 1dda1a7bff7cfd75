#include "sender/driver.hpp"

#include <algorithm>
#include <utility>

namespace questclient::sender {

namespace {

/// How long to leave it alone after the machine failed us, for example out of memory.
constexpr std::chrono::seconds kRetryAfterFailure{1};

}  // namespace

Driver::Driver(CoreOptions options, std::unique_ptr<buffer::Slot> slot, const buffer::SlotReport& report,
               const base::Clock& clock, base::RandomSource& random, EventHandler on_event)
    : clock_(clock),
      on_event_(std::move(on_event)),
      slot_(std::move(slot)),
      core_(std::make_unique<Core>(std::move(options), *slot_, random)) {
  slot_->on_appended([this] { on_appended(); });
  loop_.post([this, damage = report.damage] {
    for (const auto& found : damage) {
      SenderEvent event;
      event.kind = SenderEvent::Kind::segment_damaged;
      event.message = found.message + " It lies in " + found.file + ".";
      deliver(event);
    }
    handle([](Core& core, base::Time now) { return core.start(now); });
  });
  thread_ = std::thread([this] { loop_.run(); });
  thread_id_ = thread_.get_id();
}

Driver::~Driver() {
  stop();
}

void Driver::stop() {
  const std::lock_guard once(stop_mutex_);
  if (!core_) return;
  loop_.stop();
  thread_.join();
  connections_.clear();
  timer_.cancel();
  std::unique_ptr<buffer::Slot> slot;
  {
    const std::scoped_lock lock(core_mutex_, observed_mutex_);
    final_stats_ = stats_locked();
    observed_.drained = final_stats_.slot_frames == 0;
    observed_.stopped = true;
    core_.reset();
    slot = std::move(slot_);
  }
  observed_changed_.notify_all();
}

Fsn Driver::append(std::string_view payload, std::span<const std::uint32_t> row_lengths) {
  return slot_->append(payload, row_lengths);
}

void Driver::on_appended() {
  // One post stands for every append until it runs: it is cleared before the slot is read.
  if (append_posted_.exchange(true)) return;
  loop_.post([this] {
    append_posted_ = false;
    handle([](Core& core, base::Time now) { return core.on_appended(now); });
  });
}

template <class Event>
void Driver::handle(Event event) {
  std::vector<Action> actions;
  std::optional<Capabilities> capabilities;
  std::string failure;
  try {
    const std::lock_guard lock(core_mutex_);
    actions = event(*core_, clock_.now());
    capabilities = core_->capabilities();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (!failure.empty()) {
    SenderEvent warning;
    warning.message = failure + " Trying again in a second.";
    deliver(warning);
    retry_at_ = clock_.now() + kRetryAfterFailure;
  }
  carry_out(std::move(actions));
  arm_timer();
  {
    const std::lock_guard lock(observed_mutex_);
    if (capabilities) observed_.durable_offered = capabilities->tells_durable();
  }
  // Always, not only after Progress: a trim may have emptied the slot.
  observed_changed_.notify_all();
}

void Driver::arm_timer() {
  base::Time deadline = base::Time::max();
  {
    const std::lock_guard lock(core_mutex_);
    deadline = core_->next_deadline();
  }
  if (retry_at_) deadline = std::min(deadline, *retry_at_);
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  if (deadline == base::Time::max()) {
    timer_.cancel();
    return;
  }
  timer_.set(deadline, [this] {
    armed_for_ = base::Time::max();
    if (retry_at_ && *retry_at_ <= clock_.now()) {
      retry_at_.reset();
      handle([](Core& core, base::Time now) { return core.on_appended(now); });
    }
    handle([](Core& core, base::Time now) { return core.on_timer(now); });
  });
}

void Driver::carry_out(std::vector<Action> actions) {
  for (Action& action : actions) {
    std::visit([this](auto& chosen) { act(chosen); }, action);
  }
}

void Driver::act(Connect& action) {
  const ConnectionId id = action.connection;
  auto& connection = connections_[id];
  connection = std::make_unique<net::HttpConnection>(loop_);
  connection->connect(action.host.host, action.host.port, action.timeout,
                      [this, id](const net::NetError* error) {
                        if (error != nullptr) {
                          on_lost(id, *error);
                          return;
                        }
                        handle([id](Core& core, base::Time now) { return core.on_connected(id, now); });
                      });
}

void Driver::act(Disconnect& action) {
  connections_.erase(action.connection);
}

void Driver::act(Send& action) {
  const ConnectionId id = action.connection;
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  found->second->request(
      std::move(action.request), action.timeout,
      [this, id](const net::NetError* error, const net::HttpResponse& response) {
        if (error != nullptr) {
          on_lost(id, *error);
          return;
        }
        handle([&](Core& core, base::Time now) { return core.on_response(id, response, now); });
      });
}

void Driver::act(Progress& action) {
  const std::lock_guard lock(observed_mutex_);
  observed_.acked = action.acked;
  observed_.durable = action.durable;
}

// No handler for acknowledgements or tokens is set: see CoreOptions::asks_for_tokens.
void Driver::act(Acknowledged&) {}
void Driver::act(AskToken&) {}

void Driver::act(Report& action) {
  using Kind = SenderEvent::Kind;
  if (action.event.kind == Kind::unauthorised || action.event.kind == Kind::connected) {
    const std::lock_guard lock(observed_mutex_);
    observed_.unauthorised = action.event.kind == Kind::connected ? "" : action.event.message;
  }
  deliver(action.event);
}

void Driver::on_lost(ConnectionId connection, const net::NetError& error) {
  connections_.erase(connection);
  handle([&](Core& core, base::Time now) { return core.on_connection_lost(connection, error, now); });
}

void Driver::deliver(const SenderEvent& event) const {
  try {
    on_event_(event);
  } catch (...) {
    // The handler belongs to the application; sending must go on.
  }
}

template <class Reached>
bool Driver::wait_until(std::chrono::milliseconds timeout, Reached reached) const {
  if (std::this_thread::get_id() == thread_id_) {
    throw Error(ErrorCode::invalid_api_call, Disposition::fix_and_resend,
                "A handler runs on the I/O thread and cannot wait for it. Wait on another thread.");
  }
  std::unique_lock lock(observed_mutex_);
  const auto settled = [&] { return reached() || observed_.stopped || !observed_.unauthorised.empty(); };
  // A deadline of its own arithmetic: adding the longest timeout to now would overflow.
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);
  observed_changed_.wait_for(lock, std::clamp(timeout, std::chrono::milliseconds(0), kLongest), settled);
  if (reached()) return true;
  if (!observed_.unauthorised.empty() && !observed_.stopped) {
    throw Error(ErrorCode::unauthorised, Disposition::terminal,
                observed_.unauthorised + " Sending has stopped; every row is kept in the slot.");
  }
  return false;
}

bool Driver::wait(Fsn fsn, Ack ack, std::chrono::milliseconds timeout) const {
  bool refused = false;
  const bool reached = wait_until(timeout, [&] {
    if (ack == Ack::committed) return observed_.acked >= fsn;
    refused = observed_.durable < fsn && observed_.durable_offered == false;
    return refused || observed_.durable >= fsn;
  });
  if (!refused) return reached;
  throw Error(ErrorCode::config, Disposition::fix_and_resend,
              "The server does not tell which rows are durable: it has no object store or speaks plain ILP. "
              "Wait for Ack::committed, or connect to a cluster that replicates.");
}

bool Driver::drain(std::chrono::milliseconds timeout) const {
  return wait_until(timeout,
                    [&] { return observed_.stopped ? observed_.drained : slot_->stats().frames == 0; });
}

Fsn Driver::acked_fsn() const {
  const std::lock_guard lock(observed_mutex_);
  return observed_.acked;
}

Fsn Driver::durable_fsn() const {
  const std::lock_guard lock(observed_mutex_);
  return observed_.durable;
}

Stats Driver::stats() const {
  const std::scoped_lock lock(core_mutex_, observed_mutex_);
  return core_ ? stats_locked() : final_stats_;
}

Stats Driver::stats_locked() const {
  Stats stats = core_->stats();
  const buffer::SlotStats slot = slot_->stats();
  stats.last_fsn = slot.end - 1;
  stats.acked_fsn = observed_.acked;
  stats.durable_fsn = observed_.durable;
  stats.slot_frames = slot.frames;
  stats.slot_rows = slot.rows;
  stats.slot_bytes = slot.bytes;
  stats.backpressure_stalls = slot.backpressure_stalls;
  return stats;
}

}  // namespace questclient::sender
