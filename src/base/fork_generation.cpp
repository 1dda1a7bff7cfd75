#include "base/fork_generation.hpp"

#include <atomic>
#include <pthread.h>

namespace questclient::base {

namespace {

std::atomic<std::uint32_t> g_generation{0};

void count_child() {
  g_generation.fetch_add(1, std::memory_order_relaxed);
}

[[maybe_unused]] const int g_registered = pthread_atfork(nullptr, nullptr, count_child);

}  // namespace

std::uint32_t fork_generation() noexcept {
  return g_generation.load(std::memory_order_relaxed);
}

}  // namespace questclient::base
