#include "sender/drainers.hpp"

#include <algorithm>
#include <utility>

#include <questclient/slot.hpp>

namespace questclient::sender {

Drainers::Drainers(const Options& options, buffer::SlotOptions slot, DriverOptions driver, Handlers handlers,
                   const base::Clock& clock, base::RandomSource& random, Tell tell)
    : most_(options.max_background_drainers),
      slot_(std::move(slot)),
      driver_(std::move(driver)),
      handlers_(std::move(handlers)),
      clock_(clock),
      random_(random),
      tell_(std::move(tell)) {
  if (most_ > 0) first_worker_ = std::thread([this] { find_orphans(); });
}

Drainers::~Drainers() {
  stop();
}

void Drainers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    for (Driver* driver : active_) driver->stop();
  }
  if (first_worker_.joinable()) first_worker_.join();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

Drainers::Counts Drainers::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Drainers::find_orphans() {
  try {
    const auto orphans = orphan_slots(slot_.sf_dir, slot_.sender_id);
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    for (const SlotInfo& orphan : orphans) waiting_.push_back(orphan.name);
    while (workers_.size() + 1 < std::min(most_, waiting_.size())) {
      workers_.emplace_back([this] { work(); });
    }
  } catch (const std::exception& error) {
    report(slot_.sf_dir, std::string("orphan slots cannot be found: ") + error.what(), true);
    return;
  }
  work();
}

void Drainers::work() {
  while (true) {
    std::string name;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || waiting_.empty()) return;
      name = std::move(waiting_.front());
      waiting_.pop_front();
      ++counts_.active;
    }
    const End end = drain(name);
    const std::lock_guard lock(mutex_);
    --counts_.active;
    counts_.finished += end == End::sent;
    counts_.failed += end == End::failed;
  }
}

Drainers::End Drainers::drain(const std::string& name) {
  try {
    buffer::SlotOptions options = slot_;
    options.sender_id = name;
    buffer::SlotReport found;
    auto slot = buffer::Slot::open(options, clock_, random_, found);
    report(name, std::to_string(slot->stats().rows) + " rows of an ended sender are being sent.", false);
    Handlers handlers = handlers_;
    handlers.on_event = [this, &name](const SenderEvent& event) {
      // Its comings and goings are of no interest beside the sender's own; what befalls rows is.
      if (event.kind == SenderEvent::Kind::connected || event.kind == SenderEvent::Kind::disconnected) return;
      SenderEvent named = event;
      named.message = "Slot " + name + ": " + event.message;
      tell_(std::move(named));
    };
    Driver driver(driver_, std::move(slot), found, clock_, random_, std::move(handlers));
    const bool sent = send_all(driver);
    if (!sent) return End::left;
    report(name, "every row is sent.", false);
    return End::sent;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::slot_locked) return End::left;  // somebody else sends it
    report(name, error.what(), true);
  } catch (const std::exception& error) {
    report(name, error.what(), true);
  }
  return End::failed;
}

/// False: it was stopped first. Throws why sending stopped.
bool Drainers::send_all(Driver& driver) {
  struct Registered {
    Drainers& drainers;
    Driver& driver;
    ~Registered() {
      const std::lock_guard lock(drainers.mutex_);
      std::erase(drainers.active_, &driver);
    }
  };
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    active_.push_back(&driver);
  }
  const Registered registered{*this, driver};
  driver.start();
  return driver.drain(std::chrono::milliseconds::max());
}

void Drainers::report(const std::string& name, const std::string& what, bool failed) {
  SenderEvent event;
  event.kind = SenderEvent::Kind::drainer;
  event.message = "Slot " + name + ": " + what;
  if (failed) {
    event.message += " Its rows are kept; open it again, or look at it with the slot tool.";
    event.code = ErrorCode::slot_io;
    event.disposition = Disposition::terminal;
  }
  tell_(std::move(event));
}

}  // namespace questclient::sender
