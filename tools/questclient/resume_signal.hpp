// SIGUSR1: an operator says that what has stopped the sender is mended.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace questclient::tool {

/// Calls `resume` on a thread of its own whenever the signal comes. One at a time in a process.
class ResumeSignal {
 public:
  /// To be called before the process has other threads, which inherit it: the signal ends nobody.
  static void block();

  explicit ResumeSignal(std::function<void()> resume);
  ~ResumeSignal();
  ResumeSignal(const ResumeSignal&) = delete;
  ResumeSignal& operator=(const ResumeSignal&) = delete;

 private:
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace questclient::tool
