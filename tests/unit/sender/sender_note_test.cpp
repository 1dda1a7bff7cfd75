// The sender's note in a slot on disk: sender.json.
#include <filesystem>

#include <gtest/gtest.h>

#include <questclient/error.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "buffer/slot.hpp"
#include "support/temporary_directory.hpp"

namespace questclient::sender {
namespace {

class NoteInTheSlot : public testing::Test {
 protected:
  std::unique_ptr<buffer::Slot> open(const std::string& sf_dir) {
    buffer::SlotOptions options;
    options.sf_dir = sf_dir;
    options.sender_id = "own";
    buffer::SlotReport report;
    return buffer::Slot::open(options, clock_, random_, report);
  }
  test::TemporaryDirectory directory_;
  base::SystemClock clock_;
  base::SystemRandom random_;
};

TEST_F(NoteInTheSlot, IsThereForALaterProcessAndReplacedWhole) {
  {
    const auto slot = open(directory_.path().string());
    EXPECT_EQ(slot->remembered(), "");
    slot->remember(R"({"epoch":7})");
    slot->remember("short");
    EXPECT_EQ(slot->remembered(), "short");
  }
  EXPECT_EQ(open(directory_.path().string())->remembered(), "short");
}

TEST_F(NoteInTheSlot, SaysWhenTheDiskDoesNotTakeIt) {
  const auto slot = open(directory_.path().string());
  std::filesystem::create_directories(directory_.path() / "own" / "sender.json" / "in the way");
  try {
    slot->remember("x");
    ADD_FAILURE() << "it cannot have been kept";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::slot_io);
  }
}

TEST_F(NoteInTheSlot, IsNotKeptInMemory) {
  const auto slot = open("");
  slot->remember("x");
  EXPECT_EQ(slot->remembered(), "");
}

}  // namespace
}  // namespace questclient::sender
