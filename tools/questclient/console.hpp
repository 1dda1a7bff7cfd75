// Standard error, shared by messages and a progress line.
#pragma once

#include <mutex>
#include <string>

namespace questclient::tool {

/// Thread-safe.
class Console {
 public:
  Console();
  /// Standard error is a terminal.
  bool is_terminal() const { return terminal_; }
  /// A message on a line of its own.
  void note(const std::string& text);
  /// Replaces the progress line; only on a terminal.
  void progress(const std::string& text);
  void end_progress();

 private:
  void clear_line();

  const bool terminal_;
  std::mutex mutex_;
  bool line_shown_ = false;
};

/// 1234567 -> "1,234,567".
std::string with_commas(std::uint64_t number);

}  // namespace questclient::tool
