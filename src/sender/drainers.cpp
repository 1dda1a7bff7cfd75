#include "sender/drainers.hpp"

#include <algorithm>
#include <utility>

#include <questclient/slot.hpp>

namespace questclient::sender {

Drainers::Drainers(const Options& options, buffer::SlotOptions slot, DriverOptions driver, Token token,
                   const base::Clock& clock, base::RandomSource& random, Tell tell,
                   std::chrono::milliseconds interval)
    : slot_(std::move(slot)),
      driver_(std::move(driver)),
      token_(std::move(token)),
      clock_(clock),
      random_(random),
      tell_(std::move(tell)),
      plan_(options.max_background_drainers, random, interval) {
  if (options.max_background_drainers > 0) seeker_ = std::thread([this] { seek(); });
}

Drainers::~Drainers() {
  stop();
}

void Drainers::stop() {
  std::vector<std::shared_ptr<Driver>> active;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    active = active_;
  }
  // Without the lock: a driver's thread may be in the token handler, which may ask for counts().
  for (const auto& driver : active) driver->stop();
  changed_.notify_all();
  if (seeker_.joinable()) seeker_.join();
  for (auto& [name, worker] : workers_) worker.join();
  workers_.clear();
}

void Drainers::resume() {
  {
    const std::lock_guard lock(mutex_);
    plan_.forgive(clock_.now());
    is_due_ = true;
  }
  changed_.notify_all();
}

Drainers::Counts Drainers::counts() const {
  const std::lock_guard lock(mutex_);
  return plan_.counts();
}

void Drainers::seek() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    is_due_ = false;
    if (clock_.now() >= plan_.next_look()) look(lock);
    join_ended();  // after the look, during which one may end whose slot is due again
    for (auto name = plan_.take(); name && !stopping_; name = plan_.take()) begin(*name);
    changed_.wait_for(lock, plan_.next_look() - clock_.now(), [this] { return stopping_ || is_due_; });
  }
}

void Drainers::look(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  std::vector<std::string> names;
  std::map<std::string, std::string> unreadable;
  std::string failure;
  try {
    const auto left_out = [&](const SlotInfo& slot) { unreadable[slot.name] = slot.trouble; };
    for (const SlotInfo& orphan : orphan_slots(slot_.sf_dir, slot_.sender_id, left_out))
      names.push_back(orphan.name);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (!failure.empty() && failure != listing_error_)
    report_failure(slot_.sf_dir, "orphan slots cannot be found: " + failure, ErrorCode::slot_io);
  listing_error_ = failure;
  for (const auto& [name, trouble] : unreadable)
    if (const auto told = unreadable_.find(name); told == unreadable_.end() || told->second != trouble)
      report_failure(name, trouble, ErrorCode::slot_io);
  unreadable_ = std::move(unreadable);
  lock.lock();
  plan_.found(names, clock_.now());
}

void Drainers::begin(const std::string& name) {
  try {
    workers_[name] = std::thread([this, name] {
      const End end = drain(name);
      {
        const std::lock_guard lock(mutex_);
        plan_.ended(name, end, clock_.now());
        ended_.push_back(name);
        is_due_ = true;
      }
      changed_.notify_all();
    });
  } catch (const std::exception&) {  // there are no more threads to be had
    workers_.erase(name);
    plan_.ended(name, End::failed, clock_.now());
  }
}

/// They have nothing left to do that needs the lock.
void Drainers::join_ended() {
  for (const std::string& name : ended_) {
    workers_.at(name).join();
    workers_.erase(name);
  }
  ended_.clear();
}

Drainers::End Drainers::drain(const std::string& name) {
  try {
    buffer::SlotOptions options = slot_;
    options.sender_id = name;
    buffer::SlotReport found;
    auto slot = buffer::Slot::open(options, clock_, random_, found);
    report(name, std::to_string(slot->stats().rows) + " rows of an ended sender are being sent.");
    Handlers handlers;
    handlers.token = token_;
    handlers.on_event = [this, name](const SenderEvent& event) {
      // Its comings and goings are of no interest beside the sender's own; what befalls rows is.
      if (event.kind == SenderEvent::Kind::connected || event.kind == SenderEvent::Kind::disconnected) return;
      SenderEvent named = event;
      named.message = "Slot " + name + ": " + event.message;
      tell_(std::move(named));
    };
    const auto driver =
        std::make_shared<Driver>(driver_, std::move(slot), found, clock_, random_, std::move(handlers));
    const bool sent = send_all(driver);
    driver->stop();  // releases the slot, whoever else may still hold the driver
    if (!sent) return End::left;
    report(name, "every row is sent.");
    return End::sent;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::slot_locked) return End::left;  // somebody else sends it
    report_failure(name, error.what(), error.code());
  } catch (const std::exception& error) {
    report_failure(name, error.what(), ErrorCode::slot_io);
  }
  return End::failed;
}

/// False: it was stopped first. Throws why sending stopped.
bool Drainers::send_all(const std::shared_ptr<Driver>& driver) {
  struct Registered {
    Drainers& drainers;
    const std::shared_ptr<Driver>& driver;
    ~Registered() {
      const std::lock_guard lock(drainers.mutex_);
      std::erase(drainers.active_, driver);
    }
  };
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    active_.push_back(driver);
  }
  const Registered registered{*this, driver};
  driver->start();
  try {
    return driver->drain(std::chrono::milliseconds::max());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::closed) throw;
    return false;
  }
}

void Drainers::report(const std::string& name, const std::string& what) const {
  SenderEvent event;
  event.kind = SenderEvent::Kind::drainer;
  event.message = "Slot " + name + ": " + what;
  tell_(std::move(event));
}

void Drainers::report_failure(const std::string& name, const std::string& what, ErrorCode code) const {
  SenderEvent event;
  event.kind = SenderEvent::Kind::drainer;
  event.code = code;
  event.disposition = Disposition::terminal;
  event.message =
      "Slot " + name + ": " + what +
      " Its rows are kept, and it is tried again later, less and less often; resume() tries at once.";
  tell_(std::move(event));
}

}  // namespace questclient::sender
