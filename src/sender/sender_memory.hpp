// What a sender must know again after a restart, so that it takes no row that it gave up itself for a lost
// one, and no deposed primary for the newest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/frame_store.hpp"
#include "sender/buried_rows.hpp"

namespace questclient::sender {

/// Gaps that are remembered; the newest are kept. They are the ones that no token has been carried past yet.
inline constexpr std::size_t kMaxRememberedGaps = 256;

struct SenderNote {
  std::uint64_t epoch = 0;                  ///< The highest that a server named.
  base::Fsn dropped_below = 0;              ///< The slot gave up what it held below.
  std::vector<BuriedRows::Range> given_up;  ///< Of frames that were trimmed.

  std::string to_text() const;
  /// What cannot be read is nothing: it is knowledge that only spares false alarms.
  static SenderNote parse(std::string_view text);
};

/// Keeps the note in the slot, where it is durable before what it explains is trimmed.
class SenderMemory {
 public:
  explicit SenderMemory(buffer::FrameStore& store);

  /// What an earlier process knew, as far as it is about frames below `front`, the oldest that is left:
  /// numbers from there on may mean other rows by now.
  SenderNote found(base::Fsn front) const;

  /// These are written at once. A failure is left to the next change: it costs a false alarm at worst.
  void keep_epoch(std::uint64_t epoch) noexcept;
  void keep_dropped(base::Fsn below) noexcept;
  /// To be called before frames are trimmed that explain these gaps. Writes when they are not in the note
  /// yet. Throws Error{slot_io}.
  void keep_gaps(std::vector<BuriedRows::Range> gaps);

 private:
  void write_quietly() noexcept;

  buffer::FrameStore& store_;
  SenderNote note_;
};

}  // namespace questclient::sender
