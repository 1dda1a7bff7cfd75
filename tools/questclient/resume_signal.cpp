#include "resume_signal.hpp"

#include <csignal>
#include <pthread.h>
#include <utility>

namespace questclient::tool {
namespace {

sigset_t only_ours() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  return set;
}

}  // namespace

void ResumeSignal::block() {
  const sigset_t ours = only_ours();
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
}

ResumeSignal::ResumeSignal(std::function<void()> resume)
    : thread_([this, resume = std::move(resume)] {
        const sigset_t ours = only_ours();
        for (int signal = 0; sigwait(&ours, &signal) == 0 && !ending_;) resume();
      }) {}

ResumeSignal::~ResumeSignal() {
  ending_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

}  // namespace questclient::tool
