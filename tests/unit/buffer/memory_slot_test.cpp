// A slot without sf_dir.
#include "buffer/memory_slot.hpp"

#include <thread>

#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

class Memory : public SlotTest {
 protected:
  Memory() {
    options_.sf_dir.clear();
    options_.max_total_bytes = 20'000;
    options_.append_deadline = std::chrono::milliseconds(5);
  }
};

TEST_F(Memory, KeepsFramesUntilTheyAreTrimmed) {
  open();
  std::uint64_t rows = 0;
  for (std::uint64_t n = 1; n <= 10; ++n) EXPECT_EQ(append(n), n);
  for (std::uint64_t n = 5; n <= 10; ++n) rows += rows_for(n).lengths.size();
  slot_->trim(5);
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 6U);
  EXPECT_EQ(frames[0]->fsn, 5U);
  EXPECT_EQ(rows_of(*frames[5]), rows_for(10));
  EXPECT_EQ(frames[0]->stream_first, 1U);
  EXPECT_FALSE(frames[0]->stream.is_nil());
  EXPECT_EQ(slot_->stats().rows, rows);
  EXPECT_EQ(slot_->stats().first, 5U);
}

TEST_F(Memory, IsBoundedAndGoesOnAfterTrim) {
  open();
  Fsn last = 0;
  EXPECT_THROW(for (std::uint64_t n = 1;; ++n) last = append(n, 2000), Error);
  EXPECT_LE(slot_->stats().bytes, options_.max_total_bytes);
  EXPECT_EQ(slot_->stats().backpressure_stalls, 1U);
  EXPECT_EQ(slot_->end(), last + 1);
  EXPECT_THROW(append(1, 30'000), Error);
  slot_->trim(last + 1);
  EXPECT_EQ(append(1, 2000), last + 1);
}

TEST_F(Memory, BlockedAppendGoesOnWhenThereIsRoom) {
  options_.append_deadline = std::chrono::hours(1);
  open();
  std::thread producer([this] {
    for (std::uint64_t n = 1; n <= 100; ++n) append(n, 2000);
  });
  Fsn next = 1;
  while (next <= 100) {
    for (const auto& frame : slot_->read(next, 5000, 10)) next = frame->fsn + 1;
    slot_->trim(next);
  }
  producer.join();
  EXPECT_EQ(slot_->stats().frames, 0U);
}

TEST_F(Memory, DeadLettersAreBounded) {
  MemorySlot slot(options_, clock_, random_);
  DeadLetter letter;
  letter.payload = std::string(1 << 20, 'x');
  for (std::uint32_t row = 0; row < 20; ++row) {
    letter.first_row = row;
    slot.bury(letter);
  }
  slot.bury(letter);
  const auto letters = slot.dead_letters();
  EXPECT_LT(letters.size(), 9U);
  EXPECT_EQ(letters.back().first_row, 19U);
  EXPECT_EQ(letters[letters.size() - 2].first_row, 18U) << "the same key replaces";
}

}  // namespace
}  // namespace questclient::buffer
