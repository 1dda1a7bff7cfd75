#include "sender/own_buffer.hpp"

#include <algorithm>

namespace questclient::sender {

void OwnBuffer::enter() noexcept {
  Gate expected = Gate::idle;
  while (!gate_.compare_exchange_strong(expected, Gate::in_row, std::memory_order_acquire)) {
    gate_.wait(Gate::taken, std::memory_order_relaxed);
    expected = Gate::idle;
  }
  row_thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
}

bool OwnBuffer::open_to_close(std::chrono::milliseconds patience) {
  if (is_mine()) return true;
  // Leaving wakes nobody, for it happens at every row; so it is looked for.
  constexpr std::chrono::milliseconds kPause{1};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  Gate expected = Gate::idle;
  while (!gate_.compare_exchange_strong(expected, Gate::in_row, std::memory_order_acquire)) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPause);
    expected = Gate::idle;
  }
  row_thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  return true;
}

bool OwnBuffer::note_oldest(const base::Clock& clock) noexcept {
  if (oldest_nanos_.load(std::memory_order_relaxed) != 0) return false;
  oldest_nanos_.store(std::max<std::int64_t>(clock.now().count(), 1));
  return !armed_.exchange(true);
}

void OwnBuffer::note_empty() noexcept {
  oldest_nanos_.store(0, std::memory_order_relaxed);
  overdue_.store(false, std::memory_order_relaxed);
}

base::Time OwnBuffer::oldest_or_disarm() noexcept {
  if (const std::int64_t oldest = oldest_nanos_.load(); oldest != 0) return base::Time(oldest);
  armed_.store(false);
  // A row that came in between saw the timer armed and relies on it.
  const std::int64_t oldest = oldest_nanos_.load();
  if (oldest == 0 || armed_.exchange(true)) return base::Time{};
  return base::Time(oldest);
}

}  // namespace questclient::sender
