// Rows that a server fails at, again and again, without ever saying that they are bad: looks for the one row.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"
#include "base/delivery.hpp"

namespace questclient::sender {

/// Told of every request that ended in a 5xx or in a closed connection. What has failed often and long enough
/// is sent in halves, then in halves of these, until one row stands alone; it is convicted when it has failed
/// often and long enough by itself: an overloaded server must not cost rows. Outlives connections.
class Poison {
 public:
  Poison(std::size_t max_refusals, std::chrono::milliseconds window)
      : max_refusals_(max_refusals), window_(window) {}

  enum class Verdict : std::uint8_t {
    retry,     ///< Send it again; row_limit() may have become smaller.
    convicted  ///< The request was one row, and that row is it.
  };
  /// A request of `rows` rows from `begin` up to `end` was refused.
  Verdict refused(base::StreamPosition begin, base::StreamPosition end, std::uint32_t rows, base::Time now);
  /// Everything below `cursor` is committed, or dealt with otherwise.
  void passed(base::StreamPosition cursor);

  /// Rows that a request may hold; 0: no limit.
  std::uint32_t row_limit() const { return row_limit_; }

 private:
  void count_from_here(base::Time now);

  std::size_t max_refusals_;
  std::chrono::milliseconds window_;

  base::StreamPosition begin_;  ///< Where the refused rows begin.
  std::size_t refusals_ = 0;    ///< Of them; 0: nothing is suspected.
  base::Time since_{};          ///< The first of these.
  base::StreamPosition suspect_end_;
  std::uint32_t row_limit_ = 0;
};

}  // namespace questclient::sender
