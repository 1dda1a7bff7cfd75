#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "buffer/slot.hpp"
#include "buffer/slot_news.hpp"

namespace questclient::buffer {

/// The slot of a sender without sf_dir: frames are kept in memory until they are trimmed, and lost with the
/// process. Bounded by max_total_bytes.
class MemorySlot final : public Slot {
 public:
  MemorySlot(const SlotOptions& options, const base::Clock& clock, base::RandomSource& random);
  ~MemorySlot() override;

  using Slot::append;
  Fsn append(const AppendRows& rows) override;
  /// Appends at once if there is room; else queues up to max_memory_bytes, which trim() appends later.
  bool append_later(LaterRows rows, std::function<void(Appended)> done) override;
  void end_appends() override;
  /// Of this process alone.
  std::optional<std::string> position() const override;
  void on_event(std::function<void(const SlotEvent&)> callback) override;
  void publish_stats(std::string_view) override {}
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
  using Lock = std::unique_lock<std::mutex>;
  /// An append on its way.
  struct Pending {
    std::shared_ptr<base::Frame> frame;  ///< Null: a position alone.
    std::optional<std::string> position;
    std::uint64_t cost = 0;
    std::function<void(Appended)> done;
  };

  Pending prepare(std::string payload, std::vector<std::uint32_t> row_lengths,
                  std::optional<std::string> position) const;
  void wait_for_room(Lock& lock, std::uint64_t cost);
  bool fits(std::uint64_t cost) const { return bytes_ + cost <= options_.max_total_bytes; }
  bool has_room(std::uint64_t cost);
  void drop_oldest(std::uint64_t cost);
  void drop_front();
  Fsn take(Pending& pending);
  void append_queued();
  void watch_filling();

  const SlotOptions options_;
  const base::Clock& clock_;
  const base::Uuid stream_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<base::FramePtr> frames_;  ///< Numbered without a gap, up to end_.
  Fsn end_ = 1;
  std::uint64_t bytes_ = 0;
  std::uint64_t rows_ = 0;
  std::optional<std::string> position_;
  std::deque<Pending> later_;  ///< In front of every append that comes now.
  std::uint64_t later_bytes_ = 0;
  SlotStats counted_;  ///< The counters alone.
  SlotNews news_;
  std::deque<DeadLetter> dead_;
  std::uint64_t dead_bytes_ = 0;
};

}  // namespace questclient::buffer
