// Random operations against a std::map that does the same.
#include <map>

#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

class Model : public SlotTest, public testing::WithParamInterface<int> {
 protected:
  void append_one() {
    const std::size_t bytes = random_.below(10) == 0 ? 40'000 : 200 + random_.below(3000);
    Rows rows = rows_for(random_.next(), bytes);
    const Fsn fsn = append(rows);
    ASSERT_EQ(fsn, end_);
    frames_[fsn] = std::move(rows);
    ++end_;
  }
  void read_some() {
    const Fsn from = frames_.empty() ? end_ : frames_.begin()->first - 1 + random_.below(frames_.size() + 3);
    const std::size_t max_bytes = 1 + random_.below(20'000);
    const std::size_t max_frames = 1 + random_.below(20);
    const auto got = slot_->read(from, max_bytes, max_frames);
    auto expected = frames_.lower_bound(from);
    ASSERT_EQ(got.empty(), expected == frames_.end());
    std::size_t bytes = 0;
    for (const auto& frame : got) {
      ASSERT_EQ(frame->fsn, expected->first);
      ASSERT_EQ(rows_of(*frame), expected->second);
      ASSERT_EQ(frame->stream, got.front()->stream);
      ASSERT_LE(frame->stream_first, frame->fsn);
      const auto [known, is_new] = streams_.emplace(frame->fsn, frame->stream);
      ASSERT_TRUE(is_new || known->second == frame->stream) << "a frame keeps the stream that numbered it";
      bytes += frame->payload.size();
      ++expected;
    }
    ASSERT_LE(got.size(), std::max<std::size_t>(max_frames, 1));
    if (got.size() > 1) {
      ASSERT_LE(bytes, max_bytes);
    }
  }
  void trim_some() {
    const Fsn below =
        (frames_.empty() ? end_ : frames_.begin()->first) + random_.below(frames_.size() / 2 + 2);
    slot_->trim(below);
    frames_.erase(frames_.begin(), frames_.lower_bound(below));
  }
  void check_stats() {
    const SlotStats stats = slot_->stats();
    ASSERT_EQ(stats.end, end_);
    ASSERT_EQ(stats.frames, frames_.size());
    ASSERT_EQ(stats.first, frames_.empty() ? end_ : frames_.begin()->first);
    ASSERT_LE(stats.memory_bytes, options_.max_memory_bytes);
  }

  std::map<Fsn, Rows> frames_;
  std::map<Fsn, base::Uuid> streams_;
  Fsn end_ = 1;
};

TEST_P(Model, BehavesAsAMap) {
  random_ = base::SeededRandom(static_cast<std::uint64_t>(GetParam()));
  for (int opening = 0; opening < 6; ++opening) {
    options_.max_segment_bytes = (64 << 10) << random_.below(3);
    options_.max_memory_bytes = random_.below(3) * 20'000;
    options_.durability = random_.below(2) == 0 ? SlotDurability::memory : SlotDurability::flush;
    open();
    ASSERT_TRUE(report_.damage.empty());
    ASSERT_EQ(report_.frames_recovered, frames_.size());
    const std::uint64_t steps = random_.below(120);
    for (std::uint64_t step = 0; step < steps; ++step) {
      const std::uint64_t choice = random_.below(10);
      if (choice < 5) {
        append_one();
      } else if (choice < 9) {
        read_some();
      } else {
        trim_some();
      }
      check_stats();
      if (HasFatalFailure()) return;
    }
  }
  open();
  const auto all = read_all();
  ASSERT_EQ(all.size(), frames_.size());
  auto expected = frames_.begin();
  for (const auto& frame : all) EXPECT_EQ(rows_of(*frame), (expected++)->second);
  EXPECT_TRUE(slot_->take_damage().empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Model, testing::Range(0, 25));

}  // namespace
}  // namespace questclient::buffer
