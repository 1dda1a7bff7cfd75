// Watches a sender while rows are on their way: for the progress line and the closing summary.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <questclient/sender.hpp>

#include "console.hpp"

namespace questclient::tool {

/// Thread-safe. Samples on a thread of its own until stop().
class DeliveryMonitor {
 public:
  DeliveryMonitor(const Sender& sender, Console& console);
  ~DeliveryMonitor();

  /// Frame `fsn` holds the next `rows` rows of the input.
  void flushed(Fsn fsn, std::uint64_t rows);
  void stop();

  std::uint64_t rows_flushed() const;
  /// Rows of this input in frames up to `fsn`.
  std::uint64_t rows_up_to(Fsn fsn) const;
  /// How many rows of this input stand before frame `fsn`; UINT64_MAX: the frame is not of this input.
  std::uint64_t rows_before(Fsn fsn) const;

  std::uint64_t slot_rows_peak() const;
  /// The longest time in which rows were waiting and no acknowledgement came.
  std::chrono::milliseconds longest_ack_gap() const;
  std::chrono::duration<double> elapsed() const { return Clock::now() - begun_; }

 private:
  using Clock = std::chrono::steady_clock;

  void watch();
  void sample(const Stats& stats, Clock::time_point now);
  void show(const Stats& stats, Clock::time_point now);

  const Sender& sender_;
  Console& console_;
  const Clock::time_point begun_ = Clock::now();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<std::pair<Fsn, std::uint64_t>> frames_;  // number, rows up to its end
  std::uint64_t slot_rows_peak_ = 0;
  Fsn acked_ = 0;
  Clock::time_point last_ack_ = begun_;
  Clock::duration longest_gap_{};
  Clock::time_point shown_at_ = begun_;
  std::uint64_t shown_rows_ = 0;

  std::thread thread_;
};

}  // namespace questclient::tool
