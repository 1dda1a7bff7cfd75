#include "buffer/fork_guard.hpp"

#include <array>
#include <atomic>
#include <pthread.h>
#include <unistd.h>

namespace questclient::buffer {
namespace {

constexpr int kFree = -1;

std::atomic<std::uint64_t> generation{0};

// Only what a child may do before exec: no lock, no memory.
std::array<std::atomic<int>, 512>& watched() noexcept {
  static auto& descriptors = []() -> std::array<std::atomic<int>, 512>& {
    static std::array<std::atomic<int>, 512> made;
    for (auto& place : made) place = kFree;
    return made;
  }();
  return descriptors;
}

void in_child() {
  generation.fetch_add(1, std::memory_order_relaxed);
  for (auto& place : watched()) {
    const int descriptor = place.exchange(kFree);
    if (descriptor != kFree) ::close(descriptor);
  }
}

void install() noexcept {
  static const int installed = [] {
    watched();
    return ::pthread_atfork(nullptr, nullptr, in_child);
  }();
  static_cast<void>(installed);
}

}  // namespace

std::uint64_t fork_generation() noexcept {
  install();
  return generation.load(std::memory_order_relaxed);
}

void close_in_children(int descriptor) noexcept {
  install();
  for (auto& place : watched()) {
    int expected = kFree;
    if (place.compare_exchange_strong(expected, descriptor)) return;
  }
}

void forget_in_children(int descriptor) noexcept {
  for (auto& place : watched()) {
    int expected = descriptor;
    if (place.compare_exchange_strong(expected, kFree)) return;
  }
}

}  // namespace questclient::buffer
