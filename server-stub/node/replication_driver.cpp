#include "node/replication_driver.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace questnode::node {

using namespace replication;

ReplicationDriver::ReplicationDriver(Replicator& replicator, object_store::ObjectStore& store,
                                     const base::Clock& clock, Events events)
    : replicator_(replicator), store_(store), clock_(clock), events_(std::move(events)) {}

ReplicationDriver::~ReplicationDriver() {
  stop();
}

void ReplicationDriver::start() {
  thread_ = std::thread([this] { run(); });
}

void ReplicationDriver::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void ReplicationDriver::wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_one();
}

void ReplicationDriver::promote() {
  std::lock_guard lock(mutex_);
  promotion_wanted_ = true;
  woken_ = true;
  changed_.notify_one();
}

void ReplicationDriver::run() {
  try {
    work();
  } catch (const std::exception& error) {
    events_.failed(std::string("replication stopped: ") + error.what());
  }
}

void ReplicationDriver::work() {
  Action action = replicator_.start(clock_.now(), clock_.wall_nanos());
  while (!stop_) {
    events_.status(replicator_.status());
    Event event = carry_out(action);
    bool promotion_wanted = false;
    {
      std::lock_guard lock(mutex_);
      promotion_wanted = std::exchange(promotion_wanted_, false);
    }
    if (promotion_wanted) replicator_.promote();
    action = replicator_.next(std::move(event), clock_.now(), clock_.wall_nanos());
  }
}

Event ReplicationDriver::carry_out(const Action& action) {
  if (const auto* const get = std::get_if<GetObject>(&action)) {
    GotObject got{};
    got.result = store_.get(get->key, got.bytes, got.why);
    return got;
  }
  if (const auto* const put = std::get_if<PutObject>(&action)) {
    PutDone done{};
    done.result = store_.put(put->key, put->bytes, done.why);
    return done;
  }
  if (const auto* const start = std::get_if<StartWriting>(&action)) {
    events_.start_writing(start->epoch);
  } else if (const auto* const stop = std::get_if<StopWriting>(&action)) {
    events_.stop_writing(stop->reason);
  } else if (const auto* const advanced = std::get_if<LogAdvanced>(&action)) {
    events_.log_advanced(advanced->through);
  } else {
    pause(std::get<Idle>(action).until);
  }
  return Proceed{};
}

void ReplicationDriver::pause(base::Time until) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::max(until - clock_.now(), base::Time(0)), [&] { return woken_ || stop_; });
  woken_ = false;
}

}  // namespace questnode::node
