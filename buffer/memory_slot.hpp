#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "buffer/slot.hpp"

namespace questclient::buffer {

/// The slot of a sender without sf_dir: frames are kept in memory until they are trimmed, and lost with the
/// process. Bounded by max_total_bytes.
class MemorySlot final : public Slot {
 public:
  MemorySlot(const SlotOptions& options, const base::Clock& clock, base::RandomSource& random);

  Fsn append(const AppendRows& rows) override;
  void on_appended(std::function<void()> callback) override;
  SlotStats stats() const override;

  std::vector<base::FramePtr> read(Fsn from, std::size_t max_bytes, std::size_t max_frames) override;
  Fsn end() const override;
  void trim(Fsn below) override;
  void bury(const DeadLetter& letter) override;

  /// The newest letters, oldest first, up to kMaxDeadLetterBytes.
  std::vector<DeadLetter> dead_letters() const;
  static constexpr std::uint64_t kMaxDeadLetterBytes = 8 << 20;

 private:
  const SlotOptions options_;
  const base::Clock& clock_;
  const base::Uuid stream_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<base::FramePtr> frames_;  ///< Numbered without a gap, up to end_.
  Fsn end_ = 1;
  std::uint64_t bytes_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t stalls_ = 0;
  std::function<void()> callback_;
  std::deque<DeadLetter> dead_;
  std::uint64_t dead_bytes_ = 0;
};

}  // namespace questclient::buffer
