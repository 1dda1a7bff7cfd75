#include "console.hpp"

#include <cstdint>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

#include "slot_text.hpp"

namespace questclient::tool {
namespace {

/// A line that is longer than the terminal is wide takes several, and only the last of them would be cleared.
std::string fitting(const std::string& text) {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 3;
  return known ? one_line(text, size.ws_col - std::size_t{1}) : text;
}

}  // namespace

Console::Console() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void Console::clear_line() {
  if (line_shown_) std::cerr << "\r\033[K";
  line_shown_ = false;
}

void Console::note(const std::string& text) {
  const std::lock_guard lock(mutex_);
  clear_line();
  std::cerr << text << std::endl;
}

void Console::progress(const std::string& text) {
  if (!terminal_) return;
  const std::lock_guard lock(mutex_);
  clear_line();
  std::cerr << fitting(text) << std::flush;
  line_shown_ = true;
}

void Console::end_progress() {
  const std::lock_guard lock(mutex_);
  clear_line();
  std::cerr << std::flush;
}

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

}  // namespace questclient::tool
