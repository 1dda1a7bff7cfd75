// Sends what other, ended senders left below sf_dir.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
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

namespace questclient::sender {

/// Adopts each orphan slot that it finds when it is made, at most max_background_drainers at a time, and
/// sends it with a Driver of its own. A slot that another process takes first is left to it. Thread-safe.
class Drainers {
 public:
  struct Counts {
    std::uint64_t active = 0;
    std::uint64_t finished = 0;
    std::uint64_t failed = 0;
  };
  using Tell = std::function<void(SenderEvent)>;

  /// `slot` and `driver` are those of the sender, whose hosts, key and credentials the drainers share;
  /// `clock` and `random` outlive it. `tell` is called from the drainers' threads.
  Drainers(const Options& options, buffer::SlotOptions slot, DriverOptions driver, Handlers handlers,
           const base::Clock& clock, base::RandomSource& random, Tell tell);
  ~Drainers();
  Drainers(const Drainers&) = delete;
  Drainers& operator=(const Drainers&) = delete;

  Counts counts() const;
  /// Ends every drainer; what is not sent stays in its slot. Idempotent.
  void stop();

 private:
  void find_orphans();
  void work();
  enum class End : std::uint8_t { sent, failed, left };
  End drain(const std::string& name);
  bool send_all(Driver& driver);
  void report(const std::string& name, const std::string& what, bool failed);

  const std::size_t most_;
  const buffer::SlotOptions slot_;
  const DriverOptions driver_;
  const Handlers handlers_;
  const base::Clock& clock_;
  base::RandomSource& random_;
  const Tell tell_;

  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::deque<std::string> waiting_;  ///< Slots that nobody works on yet; found once, so it only shrinks.
  std::vector<Driver*> active_;
  Counts counts_;
  std::vector<std::thread> workers_;
  std::thread first_worker_;
};

}  // namespace questclient::sender
