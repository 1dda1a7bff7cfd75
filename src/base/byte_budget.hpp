// Bytes that many hold at a time, bounded all together.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace questclient::base {

/// Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}
  std::size_t limit() const { return limit_; }
  std::size_t held() const { return held_; }

 private:
  friend class ByteCharge;

  bool take(std::size_t bytes) {
    std::size_t held = held_;
    do {
      if (bytes > limit_ - held) return false;
    } while (!held_.compare_exchange_weak(held, held + bytes));
    return true;
  }

  const std::size_t limit_;
  std::atomic<std::size_t> held_ = 0;
};

/// What one holder has of a budget; given back when it ends. Without a budget everything fits.
class ByteCharge {
 public:
  ByteCharge() = default;
  explicit ByteCharge(std::shared_ptr<ByteBudget> budget) : budget_(std::move(budget)) {}
  ~ByteCharge() { set(0); }
  /// The one moved from holds nothing, of the same budget.
  ByteCharge(ByteCharge&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  ByteCharge& operator=(ByteCharge&& other) noexcept {
    if (this == &other) return *this;
    set(0);
    budget_ = other.budget_;
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }

  /// From now on `bytes` in all. False: they do not fit, and nothing has changed.
  bool set(std::size_t bytes) {
    if (bytes > bytes_ && budget_ && !budget_->take(bytes - bytes_)) return false;
    if (bytes < bytes_ && budget_) budget_->held_ -= bytes_ - bytes;
    bytes_ = bytes;
    return true;
  }
  /// So many would fit if nobody else held any.
  bool fits_alone(std::size_t bytes) const { return !budget_ || bytes <= budget_->limit(); }

 private:
  std::shared_ptr<ByteBudget> budget_;
  std::size_t bytes_ = 0;
};

}  // namespace questclient::base
