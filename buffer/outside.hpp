// What looking into a slot from outside has in common.
#pragma once

#include <exception>
#include <filesystem>
#include <optional>
#include <string>

#include <questclient/error.hpp>

#include "buffer/segment.hpp"
#include "buffer/slot_folder.hpp"

namespace questclient::buffer {

/// A folder with a .lock.
bool is_slot(const std::filesystem::path& path);

/// Of a plain segment a key opens the row, not the frames. nullopt when there is no such segment any more:
/// its holder has trimmed it. Leaves nothing behind. Throws SegmentDamaged, SqliteError, Error{slot_format,
/// slot_key}.
std::optional<SegmentReader> open_segment(const SlotFolder& folder, Fsn first, const std::string& key);

/// What the segment `first` lacks before the next one, `limit` (0: there is none); empty: nothing. `highest`:
/// of its numbers below the limit, 0: there is none. What was rescued may have gaps, which were told.
std::string missing_frames(const SegmentReader& reader, const SlotFolder& folder, Fsn first, Fsn highest,
                           Fsn limit);

[[noreturn]] void throw_no_slot(const std::filesystem::path& path);
[[noreturn]] void throw_unreadable(const std::filesystem::path& path, const char* why);

/// What the caller's own function threw, on its way out.
struct CallerThrew {
  std::exception_ptr what;
};

/// Runs a function of the caller, whose exceptions looking_into() must not take for the slot's.
template <class Function>
auto calling_back(Function&& function) -> decltype(function()) {
  try {
    return function();
  } catch (...) {
    throw CallerThrew{std::current_exception()};
  }
}

/// Runs `work` on the slot at `path`; what is no Error becomes Error{slot_io}.
template <class Work>
auto looking_into(const std::filesystem::path& path, Work&& work) -> decltype(work()) {
  if (!is_slot(path)) throw_no_slot(path);
  try {
    return work();
  } catch (const CallerThrew& thrown) {
    std::rethrow_exception(thrown.what);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    throw_unreadable(path, failure.what());
  }
}

}  // namespace questclient::buffer
