#include "delivery_monitor.hpp"

#include <algorithm>

namespace questclient::tool {

namespace {

constexpr std::chrono::milliseconds kSampleEvery{20};
constexpr std::chrono::milliseconds kShowEvery{250};

}  // namespace

DeliveryMonitor::DeliveryMonitor(const Sender& sender, Console& console)
    : sender_(sender), console_(console), acked_(sender.acked_fsn()), thread_([this] { watch(); }) {}

DeliveryMonitor::~DeliveryMonitor() {
  stop();
}

void DeliveryMonitor::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  console_.end_progress();
}

void DeliveryMonitor::watch() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kSampleEvery, [this] { return stopping_; })) {
    lock.unlock();
    const Stats stats = sender_.stats();
    lock.lock();
    const auto now = Clock::now();
    sample(stats, now);
    if (console_.is_terminal() && now - shown_at_ >= kShowEvery) show(stats, now);
  }
}

void DeliveryMonitor::sample(const Stats& stats, Clock::time_point now) {
  slot_rows_peak_ = std::max(slot_rows_peak_, stats.slot_rows);
  if (stats.acked_fsn != acked_ || stats.acked_fsn >= stats.last_fsn) {
    acked_ = stats.acked_fsn;
    last_ack_ = now;
  }
  longest_gap_ = std::max(longest_gap_, now - last_ack_);
}

void DeliveryMonitor::show(const Stats& stats, Clock::time_point now) {
  const std::uint64_t rows = frames_.empty() ? 0 : frames_.back().second;
  const auto after = std::upper_bound(frames_.begin(), frames_.end(), std::pair(stats.acked_fsn, UINT64_MAX));
  const std::uint64_t acked = after == frames_.begin() ? 0 : std::prev(after)->second;
  const double seconds = std::chrono::duration<double>(now - shown_at_).count();
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(rows - shown_rows_) / seconds);
  shown_at_ = now;
  shown_rows_ = rows;
  console_.progress(with_commas(rows) + " rows, " + with_commas(rate) + "/s, " + with_commas(acked) +
                    " acknowledged, " + with_commas(stats.slot_rows) + " waiting, " +
                    (stats.connected_to.empty() ? "no host" : stats.connected_to));
}

void DeliveryMonitor::flushed(Fsn fsn, std::uint64_t rows) {
  const std::lock_guard lock(mutex_);
  frames_.emplace_back(fsn, (frames_.empty() ? 0 : frames_.back().second) + rows);
}

std::uint64_t DeliveryMonitor::rows_flushed() const {
  const std::lock_guard lock(mutex_);
  return frames_.empty() ? 0 : frames_.back().second;
}

std::uint64_t DeliveryMonitor::rows_up_to(Fsn fsn) const {
  const std::lock_guard lock(mutex_);
  const auto after = std::upper_bound(frames_.begin(), frames_.end(), std::pair(fsn, UINT64_MAX));
  return after == frames_.begin() ? 0 : std::prev(after)->second;
}

std::uint64_t DeliveryMonitor::rows_before(Fsn fsn) const {
  const std::lock_guard lock(mutex_);
  const auto at = std::lower_bound(frames_.begin(), frames_.end(), std::pair(fsn, std::uint64_t{0}));
  if (at == frames_.end() || at->first != fsn) return UINT64_MAX;
  return at == frames_.begin() ? 0 : std::prev(at)->second;
}

std::uint64_t DeliveryMonitor::slot_rows_peak() const {
  const std::lock_guard lock(mutex_);
  return slot_rows_peak_;
}

std::chrono::milliseconds DeliveryMonitor::longest_ack_gap() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::duration_cast<std::chrono::milliseconds>(longest_gap_);
}

}  // namespace questclient::tool
