// Which address of a host is tried when (RFC 8305): the next one while the last one is silent. Pure: times
// are passed in.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace questclient::net {

/// So long an address has before the next one is tried beside it.
inline constexpr std::chrono::milliseconds kAddressPause{250};

class AddressRace {
 public:
  /// In the resolver's order; the families are made to alternate.
  explicit AddressRace(const std::vector<std::string>& addresses);

  /// The address to try now; null: none is due.
  const std::string* next(base::Time now);
  /// An attempt came to nothing: the next address is due.
  void failed();
  /// When next() has another; Time::max(): never.
  base::Time due() const;
  /// Every address was tried and came to nothing.
  bool is_lost() const { return failed_ == addresses_.size(); }

 private:
  std::vector<std::string> addresses_;
  std::size_t tried_ = 0;
  std::size_t failed_ = 0;
  base::Time due_ = base::Time::min();
};

}  // namespace questclient::net
