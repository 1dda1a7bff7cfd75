// Looking into slots from outside.
#include <sqlite3.h>

#include <questclient/slot.hpp>

#include "slot_fixture.hpp"
#include "support/working_directory.hpp"

namespace questclient::buffer {
namespace {

class Inspect : public SlotTest {
 protected:
  std::uint64_t rows_between(std::uint64_t first, std::uint64_t last) {
    std::uint64_t rows = 0;
    for (std::uint64_t n = first; n <= last; ++n) rows += rows_for(n, 5000).lengths.size();
    return rows;
  }
};

TEST_F(Inspect, LiveSlotShowsItsHolderAndItsBacklog) {
  options_.max_segment_bytes = 64 << 10;
  open();
  for (std::uint64_t n = 1; n <= 50; ++n) append(n, 5000);
  DeadLetter letter;
  letter.fsn = 1;
  slot_->bury(letter);
  const SlotInfo info = inspect_slot(folder());
  EXPECT_EQ(info.name, "writer");
  EXPECT_EQ(info.holder_pid, static_cast<long>(::getpid()));
  EXPECT_EQ(info.first_fsn, 1U);
  EXPECT_EQ(info.last_fsn, 50U);
  EXPECT_EQ(info.frames, 50U);
  EXPECT_EQ(info.rows, rows_between(1, 50));
  EXPECT_EQ(info.oldest_wall_nanos, clock_.wall_nanos());
  EXPECT_EQ(info.dead_letters, 1U);
  EXPECT_EQ(info.quarantined_files, 0U);
  EXPECT_GT(info.segments, 3U);
  EXPECT_GT(info.bytes, 50U * 5000U);
  EXPECT_EQ(append(51, 5000), 51U) << "the holder is not disturbed";
  EXPECT_EQ(inspect_slot(folder()).last_fsn, 51U);
}

TEST_F(Inspect, OrphanShowsWhatItsHolderLeft) {
  options_.max_segment_bytes = 64 << 10;
  open();
  for (std::uint64_t n = 1; n <= 50; ++n) append(n, 5000);
  slot_->trim(21);
  slot_.reset();
  const SlotInfo info = inspect_slot(folder());
  EXPECT_FALSE(info.holder_pid);
  EXPECT_EQ(info.first_fsn, 21U);
  EXPECT_EQ(info.frames, 30U);
  EXPECT_EQ(info.rows, rows_between(21, 50));
  open();
  EXPECT_TRUE(report_.damage.empty());
  EXPECT_EQ(read_all().size(), 30U);
}

// SQLite takes "file:..." for a URI, and what follows '?' for its parameters.
TEST_F(Inspect, ARelativeFolderMayHaveANameLikeAUri) {
  open();
  for (std::uint64_t n = 1; n <= 5; ++n) append(n);
  DeadLetter letter;
  letter.fsn = 1;
  letter.payload = "row";
  slot_->bury(letter);
  slot_.reset();
  const std::filesystem::path slot = "file:writer?mode=ro";
  std::filesystem::rename(folder(), root_ / slot);
  const test::WorkingDirectory here(root_);
  EXPECT_EQ(inspect_slot(slot).frames, 5U);
  EXPECT_EQ(read_dead_letters(slot).size(), 1U);
  EXPECT_TRUE(verify_slot(slot).sound());
  const auto entries = std::filesystem::directory_iterator(root_);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "nothing is made beside it";
}

TEST_F(Inspect, EmptySlotHasNoNumbers) {
  open();
  append(1);
  slot_->trim(2);
  slot_.reset();
  const SlotInfo info = inspect_slot(folder());
  EXPECT_EQ(info.first_fsn, 0U);
  EXPECT_EQ(info.last_fsn, 0U);
  EXPECT_EQ(info.frames, 0U);
  EXPECT_EQ(info.rows, 0U);
  EXPECT_EQ(info.oldest_wall_nanos, 0);
}

TEST_F(Inspect, ListsEverySlotByName) {
  for (const char* name : {"b", "a", "c"}) {
    options_.sender_id = name;
    open();
    append(1);
  }
  std::filesystem::create_directories(root_ / "not-a-slot");
  const auto slots = list_slots(root_);
  ASSERT_EQ(slots.size(), 3U);
  EXPECT_EQ(slots[0].name, "a");
  EXPECT_EQ(slots[2].name, "c");
  EXPECT_TRUE(slots[2].holder_pid);
  EXPECT_FALSE(slots[1].holder_pid);
  EXPECT_THROW(inspect_slot(root_ / "not-a-slot"), Error);
  EXPECT_THROW(list_slots(root_ / "absent"), Error);
}

TEST_F(Inspect, OneSlotThatCannotBeReadHidesNoOther) {
  for (const char* name : {"a", "newer", "z"}) {
    options_.sender_id = name;
    open();
    append(1);
  }
  slot_.reset();
  options_.sender_id = "newer";
  for (const auto& segment : files("seg-", ".db"))
    Database(segment, Database::Mode::read_write)
        .execute("PRAGMA user_version=99; UPDATE segment SET format=99");
  const auto slots = list_slots(root_);
  ASSERT_EQ(slots.size(), 3U);
  EXPECT_EQ(slots[1].name, "newer");
  EXPECT_NE(slots[1].trouble.find("newer release"), std::string::npos) << slots[1].trouble;
  EXPECT_TRUE(slots[0].trouble.empty());
  EXPECT_EQ(slots[2].frames, 1U);
  std::vector<std::string> left_out;
  const auto orphans = orphan_slots(root_, {}, [&](const SlotInfo& slot) { left_out.push_back(slot.name); });
  EXPECT_EQ(orphans.size(), 2U);
  EXPECT_EQ(left_out, std::vector<std::string>{"newer"});
}

TEST_F(Inspect, DamagedDeadLettersHoldUpNoFrames) {
  open();
  append(1);
  DeadLetter letter;
  letter.payload = "x\n";
  slot_->bury(letter);
  slot_.reset();
  std::filesystem::resize_file(folder() / "dead.db", 10);
  const SlotInfo info = inspect_slot(folder());
  EXPECT_EQ(info.frames, 1U);
  EXPECT_NE(info.dead_letter_damage.find("cut off"), std::string::npos) << info.dead_letter_damage;
  EXPECT_TRUE(info.damage.empty());
  EXPECT_EQ(orphan_slots(root_).size(), 1U);
}

TEST_F(Inspect, ASegmentThatCannotBeReadIsNoEmptySlot) {
  open();
  for (std::uint64_t n = 1; n <= 20; ++n) append(n, 5000);
  slot_.reset();
  std::filesystem::resize_file(files("seg-", ".db").front(), 0);
  const SlotInfo info = inspect_slot(folder());
  EXPECT_EQ(info.frames, 0U);
  EXPECT_NE(info.damage.find("cut off"), std::string::npos) << info.damage;
  EXPECT_EQ(orphan_slots(root_).size(), 1U);
}

TEST_F(Inspect, AHoleInTheLogIsDamageAndRowsGoWithFrames) {
  open();
  for (std::uint64_t n = 1; n <= 20; ++n) append(n, 5000);
  open();  // the next segment begins at 21
  slot_.reset();
  const auto log = files("seg-", ".db-wal").front();
  flip(log, end_of_rows_in(log, 10, 5000));
  const SlotInfo info = inspect_slot(folder());
  EXPECT_EQ(info.last_fsn, 9U);
  EXPECT_EQ(info.frames, 9U);
  EXPECT_EQ(info.rows, rows_between(1, 9));
  EXPECT_NE(info.damage.find("frames 10 to 20 are missing"), std::string::npos) << info.damage;
  EXPECT_FALSE(describe_slot(folder()).segments.front().damage.empty());
}

TEST_F(Inspect, AHoleInTheNewestLogIsDamage) {
  open();
  for (std::uint64_t n = 1; n <= 20; ++n) append(n, 5000);
  slot_.reset();
  const auto log = files("seg-", ".db-wal").front();
  flip(log, end_of_rows_in(log, 10, 5000));
  EXPECT_FALSE(inspect_slot(folder()).damage.empty());
}

TEST_F(Inspect, PlainReadOnlyShellReadsALiveSlot) {
  open();
  append(1);
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open_v2(files("seg-", ".db").front().c_str(), &handle, SQLITE_OPEN_READONLY, nullptr),
            SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(handle, "SELECT count(*) FROM frames", -1, &statement, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(statement, 0), 1);
  EXPECT_EQ(append(2), 2U) << "a page of one reader does not block the writer";
  sqlite3_finalize(statement);
  sqlite3_close(handle);
  EXPECT_EQ(read_all().size(), 2U);
}

}  // namespace
}  // namespace questclient::buffer
