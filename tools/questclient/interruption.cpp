#include "interruption.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace questclient::tool {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGPIPE};

// A signal handler reaches nothing but globals.
int wake_up[2] = {-1, -1};
volatile std::sig_atomic_t was_requested = 0;
std::array<struct sigaction, kSignals.size()> earlier{};

extern "C" void on_signal(int) {
  const int saved = errno;
  was_requested = 1;
  const char byte = 0;
  if (::write(wake_up[1], &byte, 1) < 0) was_requested = 1;  // the pipe is full of earlier requests
  errno = saved;
}

}  // namespace

Interruption::Interruption() {
  was_requested = 0;
  if (::pipe2(wake_up, O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (std::size_t at = 0; at < kSignals.size(); ++at) {
    ::sigaction(kSignals[at], &action, &earlier[at]);
    // As nohup asks for.
    if (earlier[at].sa_handler == SIG_IGN) ::sigaction(kSignals[at], &earlier[at], nullptr);
  }
}

Interruption::~Interruption() {
  for (std::size_t at = 0; at < kSignals.size(); ++at) ::sigaction(kSignals[at], &earlier[at], nullptr);
  for (int& end : wake_up) {
    ::close(end);
    end = -1;
  }
}

bool Interruption::requested() const {
  return was_requested != 0;
}

int Interruption::descriptor() const {
  return wake_up[0];
}

}  // namespace questclient::tool
