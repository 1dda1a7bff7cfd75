// How far a long command has come, on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "console.hpp"

namespace questclient::tool {

/// "[#########...........]  45 %  120.0 MiB/s, 3.2 s left  1,234 rows". One thread.
class ProgressBar {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ProgressBar(Console& console) : console_(console) {}
  ~ProgressBar() { console_.end_progress(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Shows at most ten times a second; nothing when standard error is no terminal. `unit`: what `done`
  /// counts; empty: bytes.
  void show(std::uint64_t done, std::uint64_t total, const std::string& rest, const std::string& unit = {});

 private:
  Console& console_;
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_ = Clock::time_point::min();
};

/// The line itself.
std::string progress_line(std::uint64_t done, std::uint64_t total, std::chrono::duration<double> elapsed,
                          const std::string& rest, const std::string& unit);

}  // namespace questclient::tool
