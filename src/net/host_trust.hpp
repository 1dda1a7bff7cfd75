// How long to wait for a refusal before rows count as taken: ILP over TCP has no word for "taken".
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.hpp"

namespace questclient::net {

/// At a host that has taken rows or the key before. In general: twice what the challenge took, within these
/// bounds.
inline constexpr std::chrono::milliseconds kShortestGrace{20};
/// At least, at a host that has not yet shown that it takes them.
inline constexpr std::chrono::milliseconds kFirstGrace{200};
inline constexpr std::chrono::milliseconds kLongestGrace{1000};
/// A connection that ends sooner after its signature, or its first rows, may have been refused late.
inline constexpr std::chrono::milliseconds kSuspiciousLife{5000};

/// What is known of each host ("a:9009"), with a key or without one. One for all connections of a sender.
/// Times are passed in. Thread-safe.
class HostTrust {
 public:
  /// How long to wait; `took`: from the key's name to the challenge, zero without a key.
  std::chrono::milliseconds grace(const std::string& host, base::Time took) const;
  /// The grace is over, and the host has not refused.
  void kept(const std::string& host);
  /// The connection that was kept ended, `life` after its signature or its first rows: at once is what a late
  /// refusal looks like, and then the next one is waited for as long as possible.
  void ended(const std::string& host, base::Time life);

 private:
  enum class Standing { unknown, kept, suspect };
  mutable std::mutex mutex_;
  std::map<std::string, Standing> hosts_;  ///< No more than `addr` has.
};

}  // namespace questclient::net
