// What `questclient top` shows, from two looks at a slot.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <questclient/slot.hpp>
#include <questclient/stats.hpp>

namespace questclient::tool {

/// One look at a slot.
struct SlotSample {
  SlotInfo slot;
  std::int64_t wall_nanos = 0;         ///< When.
  std::optional<Stats> sender;         ///< What the sender says, if it says something.
  std::int64_t sender_wall_nanos = 0;  ///< When it said so.

  /// Its holder lives and has spoken lately.
  bool sender_is_live() const;
};

/// Throws Error{slot_io}.
SlotSample look_at_slot(const std::filesystem::path& slot);

/// What happens a second; nothing where it is not known.
struct SlotRates {
  std::optional<double> frames_in, frames_out, rows_in, rows_out, bytes_in, bytes_out;
};

/// Between two looks, the earlier one first.
SlotRates rates_between(const SlotSample& before, const SlotSample& now);

/// For people: lines of at most `columns` characters.
std::string top_text(const SlotSample& now, const SlotRates& rates, std::size_t columns);
/// For programs: one JSON object on one line.
std::string top_json(const SlotSample& now, const SlotRates& rates);

}  // namespace questclient::tool
