// How many rows a request may hold while there are bad ones among them.
#pragma once

#include <cstdint>

#include "base/delivery.hpp"

namespace questclient::sender {

/// Rows that were refused without a line are sent in halves, then in halves of these, until one row stands
/// alone. And where bad rows stand close together requests become smaller, for what follows a bad row is sent
/// again for each of them. Outlives connections: many a server hangs up behind each refusal.
class RowSearch {
 public:
  /// One of the `rows` rows from `begin` up to `end` is bad, and no line was named. REQUIRES: more than one.
  void refused(base::StreamPosition begin, base::StreamPosition end, std::uint32_t rows);
  /// A bad row of a request of `rows` rows is out of the way.
  void removed(std::uint32_t rows);
  /// A request of `rows` rows was taken; everything below `cursor` is committed, or dealt with otherwise.
  void accepted(std::uint32_t rows, base::StreamPosition cursor);

  /// Rows that a request from `cursor` on may hold; 0: no limit.
  std::uint32_t limit(base::StreamPosition cursor) const;

 private:
  base::StreamPosition begin_, end_;  ///< Where the bad row that no line names is.
  std::uint32_t half_ = 0;            ///< 0: none is looked for.
  std::uint32_t crowd_limit_ = 0;     ///< 0: bad rows are rare.
  std::uint64_t refused_rows_ = 0;    ///< Of the request whose bad row was removed last.
  std::uint64_t accepted_rows_ = 0;   ///< Since then.
};

}  // namespace questclient::sender
