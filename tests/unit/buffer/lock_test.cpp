// Who holds a slot, when its files are deleted or replaced behind its back (I3).
#include "buffer/slot_lock.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

class Lock : public SlotTest {
 protected:
  Lock() { options_.append_deadline = std::chrono::milliseconds(0); }
  Error second_sender_error() {
    SlotReport report;
    return error_of([&] { Slot::open(options_, clock_, random_, report); });
  }
};

TEST_F(Lock, DeletedLockFileLetsNobodyIn) {
  open();
  append(1);
  fs::remove(folder() / ".lock");
  EXPECT_EQ(second_sender_error().code(), ErrorCode::slot_locked);
  EXPECT_EQ(append(2), 2U);
  open();
  EXPECT_EQ(read_all().size(), 2U);
}

TEST_F(Lock, DeletedLockFileIsMadeAnew) {
  open();
  fs::remove(folder() / ".lock");
  append(1);
  EXPECT_EQ(SlotLock::holder(folder()), static_cast<long>(::getpid()));
  slot_.reset();
  EXPECT_FALSE(SlotLock::holder(folder()));
}

TEST_F(Lock, SecondSenderOfTheProcessIsNotToldToStopIt) {
  open();
  const std::string says = second_sender_error().what();
  EXPECT_NE(says.find("another sender of this process"), std::string::npos) << says;
}

TEST_F(Lock, DeletedLockFileOfAnIdleSenderIsMadeAnew) {
  open();
  fs::remove(folder() / ".lock");
  slot_->publish_stats("{}");
  EXPECT_EQ(SlotLock::holder(folder()), static_cast<long>(::getpid()));
}

TEST_F(Lock, NothingIsCommittedWhenTheFolderIsAnotherOne) {
  open();
  append(1);
  fs::rename(folder(), root_ / "moved");
  {
    SlotReport report;
    const auto second = Slot::open(options_, clock_, random_, report);
    EXPECT_EQ(code_of([this] { append(2); }), ErrorCode::slot_io);
    const Rows rows = rows_for(3);
    second->append(rows.payload, rows.lengths);
    slot_->publish_stats("{}");
    EXPECT_FALSE(fs::exists(folder() / "stats.json")) << "nothing is written to another sender's slot";
  }
  open();
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(rows_of(*frames[0]), rows_for(3));
  options_.sender_id = "moved";
  open();
  ASSERT_EQ(read_all().size(), 1U);
}

TEST_F(Lock, NothingIsCommittedWhenTheFolderIsGone) {
  open();
  append(1);
  fs::remove_all(folder());
  const Error error = error_of([this] { append(2); });
  EXPECT_EQ(error.code(), ErrorCode::slot_io);
  EXPECT_NE(std::string(error.what()).find("removed or replaced"), std::string::npos) << error.what();
}

}  // namespace
}  // namespace questclient::buffer
