// Sends what other, ended senders left below sf_dir.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <questclient/events.hpp>
#include <questclient/options.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "buffer/slot.hpp"
#include "sender/driver.hpp"
#include "sender/orphan_plan.hpp"

namespace questclient::sender {

/// Looks for orphan slots, now and then again (OrphanPlan says when), adopts at most max_background_drainers
/// at a time and sends each with a Driver of its own. A slot that another process takes first is left to it.
/// Thread-safe.
class Drainers {
 public:
  using Counts = OrphanPlan::Counts;
  using Tell = std::function<void(SenderEvent)>;
  using Token = std::function<std::string()>;

  /// `slot` and `driver` are those of the sender, whose hosts, key and credentials the drainers share;
  /// `clock` and `random` outlive it. `token` (see Handlers; may be unset) and `tell` are called from the
  /// drainers' threads. What becomes of frames is told to nobody: their numbers are another slot's.
  Drainers(const Options& options, buffer::SlotOptions slot, DriverOptions driver, Token token,
           const base::Clock& clock, base::RandomSource& random, Tell tell,
           std::chrono::milliseconds interval = kOrphanInterval);
  ~Drainers();
  Drainers(const Drainers&) = delete;
  Drainers& operator=(const Drainers&) = delete;

  Counts counts() const;
  /// Slots that could not be sent are tried again at once.
  void resume();
  /// Ends every drainer; what is not sent stays in its slot. Idempotent.
  void stop();

 private:
  using End = OrphanPlan::End;
  void seek();
  void look(std::unique_lock<std::mutex>& lock);
  void begin(const std::string& name);
  void join_ended();
  End drain(const std::string& name);
  bool send_all(const std::shared_ptr<Driver>& driver);
  void report(const std::string& name, const std::string& what) const;
  void report_failure(const std::string& name, const std::string& what, ErrorCode code) const;

  const buffer::SlotOptions slot_;
  const DriverOptions driver_;
  const Token token_;
  const base::Clock& clock_;
  base::RandomSource& random_;
  const Tell tell_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool is_due_ = false;  ///< Something happened that the seeker is to look at.
  OrphanPlan plan_;
  // Each is told once; of the seeker's thread alone.
  std::string listing_error_;
  std::map<std::string, std::string> unreadable_;  ///< Why, by slot.
  std::vector<std::shared_ptr<Driver>> active_;
  std::map<std::string, std::thread> workers_;  ///< By slot.
  std::vector<std::string> ended_;              ///< Workers to be joined.
  std::thread seeker_;
};

}  // namespace questclient::sender
