#include "terminal.hpp"

#include <algorithm>
#include <iostream>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/program.hpp"

namespace questclient::tool {
namespace {

constexpr std::size_t kDefaultColumns = 100;
termios keyboard_before{};

}  // namespace

Terminal::Terminal(bool whole_screen) : screen_(whole_screen && ::isatty(STDOUT_FILENO) == 1) {
  keyboard_ = screen_ && ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &keyboard_before) == 0;
  if (keyboard_) {
    termios single_keys = keyboard_before;
    single_keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &single_keys);
  }
  if (screen_) std::cout << "\033[?1049h\033[?25l" << std::flush;
}

Terminal::~Terminal() {
  if (screen_) std::cout << "\033[?25h\033[?1049l" << std::flush;
  if (keyboard_) ::tcsetattr(STDIN_FILENO, TCSANOW, &keyboard_before);
}

std::size_t Terminal::columns() const {
  winsize size{};
  if (!screen_ || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultColumns;
  return size.ws_col;
}

/// As many lines as the screen has, the first ones: the last lines would push them out.
std::string Terminal::fitting(const std::string& text) const {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return text;
  std::size_t end = 0;
  for (std::size_t line = 0; line < size.ws_row; ++line) {
    const std::size_t next = text.find('\n', end);
    if (next == std::string::npos) return text;
    end = next + 1;
  }
  return text.substr(0, end - 1);
}

void Terminal::show(const std::string& text) {
  if (!screen_) {
    std::cout << text;
    return cli::flush_output();
  }
  std::string drawn = "\033[H";
  for (const char c : fitting(text)) drawn += c == '\n' ? std::string("\033[K\n") : std::string(1, c);
  std::cout << drawn << "\033[J";
  cli::flush_output();
}

bool Terminal::wait(std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!interruption_.requested()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= std::chrono::milliseconds(0)) return true;
    pollfd sources[2] = {{interruption_.descriptor(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    ::poll(sources, keyboard_ ? 2 : 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (!keyboard_ || sources[1].revents == 0) continue;
    char key = 0;
    if (::read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q') return false;
  }
  return false;
}

}  // namespace questclient::tool
