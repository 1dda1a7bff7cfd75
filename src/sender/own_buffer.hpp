// The sender's own rows: written by one thread, and taken from it by the flush timer between two rows.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include <questclient/line_buffer.hpp>

#include "base/clock.hpp"

namespace questclient::sender {

/// One atomic gate instead of a mutex, for the row methods are called for every value. While it is
///   idle:   nobody touches the rows,
///   in_row: the row thread does, and keeps the timer out until its row is complete,
///   taken:  the timer does, for as long as it takes to hand the rows over; the row thread waits.
class OwnBuffer {
 public:
  explicit OwnBuffer(const LineBuffer::Options& options) : rows_(options) {}

  // --- The row thread's.

  /// Begins to touch the rows, or goes on. The rows may be another thread's when closing (is_mine()).
  LineBuffer& open() noexcept {
    if (gate_.load(std::memory_order_relaxed) != Gate::in_row) enter();
    return rows_;
  }
  bool is_open() const noexcept { return gate_.load(std::memory_order_relaxed) == Gate::in_row; }
  /// Keeps the timer out as long as a row is under construction. REQUIRES: open.
  void leave() noexcept {
    if (!rows_.row_is_open()) gate_.store(Gate::idle, std::memory_order_release);
  }
  /// The timer came while a row was under construction. REQUIRES: open.
  bool is_overdue() const noexcept { return overdue_.load(std::memory_order_relaxed); }
  /// Notes when the oldest row came, if it is not noted yet: true when the timer is to be armed for it.
  /// REQUIRES: open, not empty.
  bool note_oldest(const base::Clock& clock) noexcept;
  /// The rows are gone. REQUIRES: open.
  void note_empty() noexcept;

  // --- The closing thread's.

  /// Open, and by the calling thread.
  bool is_mine() const noexcept {
    return is_open() && row_thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
  /// Waits until no other thread touches the rows, and has them as the row thread has. False: not in time.
  bool open_to_close(std::chrono::milliseconds patience);

  // --- The timer's, on the I/O thread.

  /// When the oldest row came; zero: there is none, and the timer is not armed any more.
  base::Time oldest_or_disarm() noexcept;
  /// Lets `hand_over(LineBuffer&)` have the rows; it returns whether it took them. False: it did not, or a
  /// row is under construction, whose end will find is_overdue().
  template <class HandOver>
  bool try_take(HandOver hand_over) {
    Gate expected = Gate::idle;
    if (!gate_.compare_exchange_strong(expected, Gate::taken, std::memory_order_acquire)) {
      overdue_.store(true, std::memory_order_relaxed);
      return false;
    }
    const bool took = rows_.empty() || hand_over(rows_);
    if (took) note_empty();
    gate_.store(Gate::idle, std::memory_order_release);
    gate_.notify_one();
    return took;
  }

 private:
  enum class Gate : std::uint8_t { idle, in_row, taken };
  void enter() noexcept;

  LineBuffer rows_;
  std::atomic<Gate> gate_{Gate::idle};
  std::atomic<std::thread::id> row_thread_;  ///< Who opened it last.
  std::atomic<bool> overdue_{false};
  // Sequentially consistent, both: the row thread writes the first and then reads the second, the timer the
  // other way round, and one of them has to see the other.
  std::atomic<std::int64_t> oldest_nanos_{0};
  std::atomic<bool> armed_{false};
};

}  // namespace questclient::sender
