// Where the source stands: stored with the rows, found by every later opening (I12).
#include <sqlite3.h>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "buffer/frame_codec.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

class Position : public SlotTest {
 protected:
  Fsn append_at(std::uint64_t seed, std::string_view position, std::size_t bytes = 300) {
    const Rows rows = rows_for(seed, bytes);
    return slot_->append({rows.payload, rows.lengths, position});
  }
  Fsn move_to(std::string_view position) { return slot_->append({{}, {}, position}); }
  void wait_for_removal() {
    open();  // closing waits for the maintenance thread
  }
};

TEST_F(Position, IsThatOfTheNewestFrameThatBroughtOne) {
  open();
  EXPECT_EQ(slot_->position(), std::nullopt);
  append_at(1, "a");
  EXPECT_EQ(slot_->position(), "a");
  append(2);
  EXPECT_EQ(slot_->position(), "a");
  open();
  EXPECT_EQ(slot_->position(), "a");
  append_at(3, std::string("b\0c", 3));
  append_at(4, "");
  open();
  EXPECT_EQ(slot_->position(), "") << "an empty position is one";
  EXPECT_EQ(read_all().size(), 4U);
}

TEST_F(Position, WithoutRowsIsCommittedAlone) {
  open();
  EXPECT_EQ(move_to("start"), 0U);
  open();
  EXPECT_EQ(slot_->position(), "start");
  EXPECT_EQ(append_at(1, "one"), 1U);
  EXPECT_EQ(move_to("after one"), 1U) << "the number of the newest frame";
  open();
  EXPECT_EQ(slot_->position(), "after one");
  EXPECT_EQ(append_at(2, "two"), 2U);
  EXPECT_EQ(move_to("x"), 2U);
  EXPECT_EQ(append_at(3, "three"), 3U);
  open();
  EXPECT_EQ(slot_->position(), "three");
  EXPECT_EQ(slot_->stats().end, 4U);
}

TEST_F(Position, SurvivesTrimmingOfTheSegmentThatBroughtIt) {
  options_.max_segment_bytes = 64 << 10;
  open();
  append_at(1, "kept", 9000);
  for (std::uint64_t n = 2; n <= 60; ++n) append(n, 9000);
  slot_->trim(61);
  wait_for_removal();
  EXPECT_EQ(slot_->position(), "kept");
  EXPECT_LE(files("seg-", ".db").size(), 2U);
  for (int opening = 0; opening < 3; ++opening) wait_for_removal();
  EXPECT_EQ(slot_->position(), "kept");
}

TEST_F(Position, IsBoundedAndNeedsNothingElse) {
  open();
  const std::string longest(kMaxPositionBytes, 'p');
  EXPECT_EQ(append_at(1, longest), 1U);
  EXPECT_THROW(move_to(longest + "p"), Error);
  EXPECT_THROW(slot_->append({"ab", {}, "p"}), Error) << "rows without lengths are no position alone";
  EXPECT_THROW(slot_->append({{}, {}, std::nullopt}), Error);
  open();
  EXPECT_EQ(slot_->position(), longest);
}

TEST_F(Position, OfMemoryIsKeptByTheProcess) {
  options_.sf_dir.clear();
  open();
  append_at(1, "a");
  EXPECT_EQ(move_to("b"), 1U);
  EXPECT_EQ(slot_->position(), "b");
}

TEST_F(Position, OfARescuedSegmentStandsBeforeWhatIsLost) {
  open();
  append_at(1, "one", 20'000);
  append_at(2, "two", 20'000);
  append(3, 20'000);
  slot_.reset();
  const auto log = files("seg-", ".db-wal").front();
  flip(log, end_of_rows_in(log, 2, 20'000));
  open();
  EXPECT_EQ(read_all().size(), 2U);
  EXPECT_EQ(slot_->position(), "one") << "the source sends again what was lost, and what came behind it";
  ASSERT_EQ(report_.damage.size(), 1U);
  EXPECT_EQ(report_.damage[0].position, "one");
}

/// An older segment is looked at when it is read: position() is past what is lost there by then.
class LostInAnOlderSegment : public Position {
 protected:
  static constexpr std::size_t kBytes = 20'000;

  std::optional<std::string> told_when_lost(std::uint64_t frame) {
    append_at(90, "newer");
    open();
    const auto log = files("seg-", ".db-wal").at(1);
    flip(log, end_of_rows_in(log, frame, kBytes));
    EXPECT_FALSE(read_all().empty());
    const auto damage = slot_->take_damage();
    EXPECT_EQ(damage.size(), 1U);
    EXPECT_EQ(slot_->position(), "newer");
    return damage.at(0).position;
  }
  /// The second segment: frames 2, 3 and 4, and a position alone behind the third.
  void SetUp() override {
    options_.max_memory_bytes = 0;
    open();
    append_at(1, "carried");
    open();
    append(2, kBytes);
    append_at(3, "beside three", kBytes);
    move_to("alone");
    append(4, kBytes);
    open();
  }
};

TEST_F(LostInAnOlderSegment, TheCarriedPositionIsNotTakenForOneThatStandsLater) {
  EXPECT_EQ(told_when_lost(2), std::nullopt) << "what the segment began with was written over by \"alone\"";
}

TEST_F(LostInAnOlderSegment, APositionBesideTheLostFrameIsNotTold) {
  EXPECT_EQ(told_when_lost(3), std::nullopt);
}

TEST_F(LostInAnOlderSegment, TheNewestBeforeTheLostFrameIsTold) {
  EXPECT_EQ(told_when_lost(4), "alone");
}

TEST_F(Position, CarriedIntoADamagedOlderSegmentIsTold) {
  options_.max_memory_bytes = 0;
  open();
  append_at(1, "carried");
  open();
  append(2, 20'000);
  append_at(3, "beside three", 20'000);
  append(4, 20'000);
  open();
  append_at(90, "newer");
  open();
  const auto log = files("seg-", ".db-wal").at(1);
  for (const std::uint64_t lost : {2, 4}) flip(log, end_of_rows_in(log, lost, 20'000));
  EXPECT_FALSE(read_all().empty());
  const auto damage = slot_->take_damage();
  ASSERT_EQ(damage.size(), 1U);
  EXPECT_EQ(damage[0].position, "carried");
}

/// A slot as format 1 wrote it: the same tables without positions and keys, made here with SQL.
class FormatOne : public SlotTest {
 protected:
  void write(Fsn first, const std::vector<Rows>& frames) {
    std::filesystem::create_directories(folder());
    const std::string digits = std::to_string(first);
    const auto path = folder() / ("seg-" + std::string(20 - digits.size(), '0') + digits + ".db");
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle_), SQLITE_OK);
    run("PRAGMA page_size=8192;PRAGMA journal_mode=WAL;PRAGMA wal_autocheckpoint=0;"
        "CREATE TABLE frames(fsn INTEGER PRIMARY KEY, rows INTEGER NOT NULL, crc INTEGER NOT NULL,"
        " created INTEGER NOT NULL, row_lengths BLOB NOT NULL, payload BLOB NOT NULL) STRICT;"
        "CREATE TABLE segment(id INTEGER PRIMARY KEY CHECK(id = 1), format INTEGER NOT NULL,"
        " stream BLOB NOT NULL, stream_first INTEGER NOT NULL, first INTEGER NOT NULL,"
        " trimmed INTEGER NOT NULL, rows_before INTEGER NOT NULL, salvaged INTEGER NOT NULL,"
        " created INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;"
        "PRAGMA user_version=1;PRAGMA wal_checkpoint(TRUNCATE)");
    std::string header;
    base::ByteWriter writer(header);
    writer.number(std::int64_t{1});
    writer.raw(stream_.raw());
    for (const Fsn number : {first, first, first, Fsn{0}}) writer.number(number);
    writer.number(std::uint8_t{0});
    writer.number(kCreated);
    const std::string numbers =
        std::to_string(first) + "," + std::to_string(first) + "," + std::to_string(first);
    run("INSERT INTO segment VALUES(1,1,x'" + hex(stream_.raw()) + "'," + numbers + ",0,0," +
        std::to_string(kCreated) + "," + std::to_string(base::crc32c(header)) + ")");
    Fsn fsn = first;
    for (const Rows& rows : frames) {
      const std::string lengths = encode_row_lengths(rows.lengths);
      const auto crc = frame_crc(content_crc(rows.payload, lengths), fsn, kCreated);
      run("INSERT INTO frames VALUES(" + std::to_string(fsn++) + "," + std::to_string(rows.lengths.size()) +
          "," + std::to_string(crc) + "," + std::to_string(kCreated) + ",x'" + hex(lengths) + "',x'" +
          hex(rows.payload) + "')");
    }
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_close(handle_);
  }
  void run(const std::string& sql) {
    char* why = nullptr;
    ASSERT_EQ(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << why;
  }
  static std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
      text += digits;
    }
    return text;
  }

  static constexpr std::int64_t kCreated = 1'600'000'000'000'000'000;
  const base::Uuid stream_ = base::Uuid::random(random_);
  sqlite3* handle_ = nullptr;
};

TEST_F(FormatOne, IsReadAndContinuedInTodaysFormat) {
  write(5, {rows_for(5), rows_for(6), rows_for(7)});
  open();
  EXPECT_TRUE(report_.damage.empty());
  EXPECT_EQ(report_.frames_recovered, 3U);
  EXPECT_EQ(slot_->position(), std::nullopt);
  EXPECT_EQ(append(8), 8U);
  const auto old = slot_->read(1, 1 << 20, 10);
  ASSERT_EQ(old.size(), 3U);
  EXPECT_EQ(old[0]->stream, stream_);
  EXPECT_EQ(old[2]->flushed_wall_nanos, kCreated);
  EXPECT_EQ(rows_of(*old[2]), rows_for(7));
  EXPECT_EQ(slot_->stats().oldest_wall_nanos, kCreated);
  EXPECT_TRUE(slot_->take_damage().empty());
  slot_->trim(9);
  open();
  EXPECT_EQ(slot_->end(), 9U);
}

TEST_F(FormatOne, DamagedOneIsRescued) {
  write(1, {rows_for(1, 9000), rows_for(2, 9000), rows_for(3, 9000)});
  const auto log = files("seg-", ".db-wal").front();
  flip(log, end_of_rows_in(log, 2, 9000));
  open();
  ASSERT_EQ(report_.damage.size(), 1U);
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[1]->fsn, 3U);
  EXPECT_EQ(frames[1]->stream, stream_);
  EXPECT_EQ(rows_of(*frames[1]), rows_for(3, 9000));
}

}  // namespace
}  // namespace questclient::buffer
