#include "console.hpp"

#include <cstdint>
#include <iostream>
#include <unistd.h>

namespace questclient::tool {

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
  std::cerr << text << std::flush;
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
