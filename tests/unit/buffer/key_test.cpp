// A slot with a key: nothing of the rows stands on the disk, and no other key opens it.
#include <map>

#include <sqlite3.h>

#include <questclient/slot.hpp>

#include "buffer/segment.hpp"
#include "buffer/slot_opening.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

class Key : public SlotTest {
 protected:
  Key() { options_.key = std::string(32, 'k'); }

  std::string everything_on_disk() const {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) {
      if (!entry.is_regular_file() || entry.path().extension() == ".db-shm") continue;
      all += content_of(entry.path());
    }
    return all;
  }
  /// Names and contents: what "before anything is changed" compares. What SQLite makes for reading does not
  /// count.
  std::map<std::string, std::string> snapshot() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) {
      const std::string name = entry.path().filename().string();
      const bool of_sqlite = name.ends_with("-shm") || (name.ends_with("-wal") && entry.file_size() == 0);
      if (!entry.is_regular_file() || of_sqlite || name == ".lock") continue;
      files[name] = content_of(entry.path());
    }
    return files;
  }
  void expect_refused(const std::string& key, const char* says) {
    slot_.reset();
    options_.key = key;
    const auto before = snapshot();
    const Error error = error_of([this] { open(); });
    EXPECT_EQ(error.code(), ErrorCode::slot_key);
    EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    EXPECT_TRUE(snapshot() == before) << "nothing was changed";
  }
  /// Of another slot without a key, with the frame 1.
  fs::path plain_segment(std::uint64_t seed) {
    SlotOptions options = options_;
    options.sender_id = "plain";
    options.key.clear();
    SlotReport report;
    const Rows rows = rows_for(seed);
    Slot::open(options, clock_, random_, report)->append(rows.payload, rows.lengths);
    return root_ / "plain" / "seg-00000000000000000001.db";
  }
  static void replace_frames(const fs::path& victim, const fs::path& foreign) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(victim.c_str(), &handle), SQLITE_OK);
    const std::string sql = "ATTACH '" + foreign.string() +
                            "' AS foreign_slot; DELETE FROM main.frames;"
                            "INSERT INTO main.frames SELECT * FROM foreign_slot.frames";
    ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }
  /// As a kill leaves it before the new segment gets its name.
  void leave_killed_opening(Fsn end, const std::string& key, std::optional<std::string> position = {}) {
    SegmentHeader header;
    header.stream = base::Uuid::random(random_);
    header.stream_first = header.first = header.trimmed = header.position_end = end;
    header.position = std::move(position);
    create_segment_file(SlotFolder(folder()).next(), &header, key);
  }
  void append_secret() {
    const std::string payload = "SECRETPAYLOAD of a row\n";
    const std::vector<std::uint32_t> lengths{static_cast<std::uint32_t>(payload.size())};
    slot_->append({payload, lengths, "SECRETPOSITION"});
    slot_->append({{}, {}, "SECRETALONE"});
    DeadLetter letter;
    letter.fsn = 1;
    letter.payload = payload;
    letter.reason = "SECRETREASON";
    slot_->bury(letter);
  }
};

TEST_F(Key, RowsPositionsAndDeadLettersAreNotReadableOnTheDisk) {
  open();
  append_secret();
  slot_.reset();
  EXPECT_EQ(everything_on_disk().find("SECRET"), std::string::npos);
  open();
  EXPECT_EQ(slot_->position(), "SECRETALONE");
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0]->payload, "SECRETPAYLOAD of a row\n");
  slot_.reset();
  fs::remove_all(folder());
  options_.key.clear();
  open();
  append_secret();
  slot_.reset();
  EXPECT_NE(everything_on_disk().find("SECRETPAYLOAD"), std::string::npos) << "the control finds it";
}

TEST_F(Key, EverythingIsReadBackAcrossSegmentsAndOpenings) {
  options_.max_segment_bytes = 64 << 10;
  options_.max_memory_bytes = 0;
  open();
  for (std::uint64_t n = 1; n <= 40; ++n) append(n, 9000);
  open();
  for (std::uint64_t n = 41; n <= 60; ++n) append(n, 9000);
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 60U);
  for (std::uint64_t n = 1; n <= 60; ++n) EXPECT_EQ(rows_of(*frames[n - 1]), rows_for(n, 9000));
  EXPECT_TRUE(slot_->take_damage().empty());
}

TEST_F(Key, MissingOrOtherKeyIsRefusedBeforeAnythingChanges) {
  open();
  append(1);
  expect_refused("", "is encrypted");
  expect_refused(std::string(32, 'o'), "another key");
  options_.key = std::string(32, 'k');
  open();
  EXPECT_EQ(read_all().size(), 1U);
}

TEST_F(Key, KeyForASlotWithPlainRowsIsRefusedUntilItIsDrained) {
  options_.key.clear();
  open();
  append(1);
  slot_->append({{}, {}, "kept"});
  expect_refused(std::string(32, 'k'), "drain");
  options_.key.clear();
  open();
  slot_->trim(2);
  slot_.reset();
  options_.key = std::string(32, 'k');
  open();
  EXPECT_EQ(slot_->position(), "kept");
  EXPECT_EQ(append(2), 2U);
  open();
  EXPECT_EQ(read_all().size(), 1U);
  EXPECT_EQ(slot_->position(), "kept");
}

/// From one key to another one; empty: none.
struct Change {
  const char* name;
  std::string from, to;

  friend std::ostream& operator<<(std::ostream& out, const Change& change) { return out << change.name; }
};

class KeyChange : public Key, public testing::WithParamInterface<Change> {
 protected:
  void leave_nothing_behind() {
    options_.key = GetParam().from;
    open();
    for (std::uint64_t n = 1; n <= 3; ++n) append(n);
    slot_->trim(4);
    slot_.reset();
  }
  void expect_works_with_the_new_key() {
    EXPECT_TRUE(verify_slot(folder(), GetParam().to).sound()) << "no segment of the other key is left";
    EXPECT_EQ(append(4), 4U) << "numbers go on";
    open();
    const auto frames = read_all();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(rows_of(*frames[0]), rows_for(4));
    EXPECT_EQ(quarantined(), 0U);
    EXPECT_NE(everything_on_disk().find("row 4:0") == std::string::npos, GetParam().to.empty());
  }
};

TEST_P(KeyChange, IsMadeByOpeningASlotInWhichNothingIsLeft) {
  leave_nothing_behind();
  const auto found = look_into_slot(SlotFolder(folder()), random_, 0, GetParam().to, report_);
  EXPECT_TRUE(found.segments.empty()) << "the opening removes them, not some later trim";
  options_.key = GetParam().to;
  open();
  expect_works_with_the_new_key();
}

TEST_P(KeyChange, GoesOnWhereAKillInterruptedIt) {
  leave_nothing_behind();
  leave_killed_opening(4, GetParam().to);
  options_.key = GetParam().to;
  open();
  expect_works_with_the_new_key();
}

TEST_P(KeyChange, IsTakenBackWhereAKillInterruptedIt) {
  leave_nothing_behind();
  leave_killed_opening(4, GetParam().to);
  options_.key = GetParam().from;
  open();
  EXPECT_EQ(append(4), 4U);
  EXPECT_TRUE(verify_slot(folder(), GetParam().from).sound());
}

TEST_P(KeyChange, WaitsForTheDeadLetters) {
  options_.key = GetParam().from;
  open();
  DeadLetter letter;
  letter.fsn = 1;
  letter.payload = "t v=1i\n";
  slot_->bury(letter);
  expect_refused(GetParam().to, "dead letters: 1");
  EXPECT_EQ(drop_dead_letters(folder(), {}), 1U);
  options_.key = GetParam().to;
  open();
}

TEST_P(KeyChange, IsRefusedWhereDamageMayHideFrames) {
  leave_nothing_behind();
  options_.key = GetParam().from;
  open();
  append(4, 20'000);
  append(5, 20'000);
  slot_.reset();
  const auto log = files("seg-", ".db-wal").back();
  flip(log, 100);  // in its first frame: SQLite shows the segment as it was made, with nothing in it
  expect_refused(GetParam().to, "a rescue may find");
  options_.key = GetParam().from;
  open();
  EXPECT_GE(read_all().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Keys, KeyChange,
                         testing::Values(Change{"Another", std::string(32, 'k'), std::string(32, 'o')},
                                         Change{"Added", "", std::string(32, 'k')},
                                         Change{"Dropped", std::string(32, 'k'), ""}),
                         [](const auto& change) { return change.param.name; });

TEST_F(Key, PositionThatOnlyTheOldKeyOpensIsNotLostByAnotherOne) {
  open();
  const Rows rows = rows_for(1);
  slot_->append({rows.payload, rows.lengths, "beside rows"});
  slot_->trim(2);
  expect_refused(std::string(32, 'o'), "the source's position");
  expect_refused("", "the source's position");
  options_.key = std::string(32, 'k');
  open();
  EXPECT_EQ(slot_->position(), "beside rows");
}

TEST_F(Key, PositionOfAPlainSlotOutlivesAnOpeningThatAKillInterrupted) {
  options_.key.clear();
  open();
  append(1);
  slot_->append({{}, {}, "kept"});
  slot_->trim(2);
  slot_.reset();
  leave_killed_opening(2, std::string(32, 'k'), "kept");
  expect_refused("", "the source's position");
  options_.key = std::string(32, 'k');
  open();
  EXPECT_EQ(slot_->position(), "kept");
}

TEST_F(Key, PlainLettersOfAnEncryptedSlotAreShownAndNeverRetried) {
  open();
  DeadLetter letter;
  letter.fsn = 1;
  letter.payload = "t v=1i\n";
  slot_->bury(letter);
  letter.fsn = 2;
  slot_.reset();
  {
    DeadLetterFile file(SlotFolder(folder()), DeadLetterFile::Older::leave);
    file.change([&] { file.put(sealed_letter(letter, "")); });
  }
  std::size_t shown = 0;
  questclient::read_dead_letters(folder(), {}, options_.key, [&](const DeadLetterInfo& info) {
    EXPECT_EQ(info.payload, letter.payload);
    ++shown;
  });
  EXPECT_EQ(shown, 2U);
  EXPECT_EQ(verify_slot(folder(), options_.key).damage.size(), 1U);
  const DeadLetterRetry retry = retry_dead_letters(folder(), {}, options_.key);
  EXPECT_EQ(retry.letters, 1U);
  ASSERT_EQ(retry.kept.size(), 1U);
  EXPECT_NE(retry.kept[0].find(":2:"), std::string::npos) << retry.kept[0];
  EXPECT_EQ(drop_dead_letters(folder(), {retry.kept, 0}), 1U);
  EXPECT_TRUE(verify_slot(folder(), options_.key).sound());
}

TEST_F(Key, KeyOfAnotherSizeIsAConfigurationError) {
  options_.key = "short";
  const Error error = error_of([this] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::config);
  EXPECT_EQ(std::string(error.what()).find("short"), std::string::npos) << "the key is not in the message";
}

TEST_F(Key, PlainFrameInAnEncryptedSegmentIsNotAccepted) {
  options_.max_memory_bytes = 0;
  open();
  append(1);
  slot_.reset();
  const auto foreign = plain_segment(9);
  replace_frames(files("seg-", ".db").front(), foreign);
  const SlotVerification found = verify_slot(folder(), options_.key);
  EXPECT_FALSE(found.sound());
  EXPECT_EQ(found.frames, 0U);
  open();
  EXPECT_TRUE(read_all().empty());
  EXPECT_EQ(slot_->take_damage().size() + report_.damage.size(), 1U);
}

TEST_F(Key, PlainSegmentBeforeEncryptedOnesIsNotAccepted) {
  options_.max_memory_bytes = 0;
  open();
  append(1);
  open();
  append(2);
  slot_.reset();
  const auto foreign = plain_segment(9);
  const auto victim = files("seg-", ".db").front();
  for (const char* suffix : {"", "-wal"}) {
    const auto overwrite = fs::copy_options::overwrite_existing;
    fs::copy_file(foreign.string() + suffix, victim.string() + suffix, overwrite);
  }
  EXPECT_FALSE(verify_slot(folder(), options_.key).sound());
  open();
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(rows_of(*frames[0]), rows_for(2));
  EXPECT_EQ(slot_->take_damage().size(), 1U);
  EXPECT_EQ(quarantined(), 1U);
}

TEST_F(Key, KeyForAPlainSlotIsRefusedByWhoLooksIn) {
  options_.key.clear();
  open();
  append(1);
  EXPECT_EQ(code_of([this] { verify_slot(folder(), std::string(32, 'k')); }), ErrorCode::slot_key);
}

TEST_F(Key, FrameOfAnotherStreamIsNotAccepted) {
  options_.max_memory_bytes = 0;
  open();
  append(1, 2000);
  slot_.reset();
  const auto victim = files("seg-", ".db").front();
  const auto other = root_ / "other";
  fs::copy(folder(), other);
  const auto foreign = other / victim.filename();
  fs::remove_all(folder());
  open();
  append(2, 2000);
  slot_.reset();
  // The same number under the same key, from another stream, with a checksum that fits.
  replace_frames(victim, foreign);
  open();
  EXPECT_TRUE(read_all().empty());
  EXPECT_EQ(slot_->take_damage().size() + report_.damage.size(), 1U);
}

TEST_F(Key, DamagedEncryptedSegmentIsRescued) {
  options_.max_memory_bytes = 0;
  open();
  for (std::uint64_t n = 1; n <= 12; ++n) append(n, 20'000);
  slot_.reset();
  const auto log = files("seg-", ".db-wal").front();
  flip(log, fs::file_size(log) / 2);
  open();
  const auto frames = read_all();
  EXPECT_GE(frames.size(), 11U);
  for (const auto& frame : frames) EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, 20'000));
  EXPECT_EQ(report_.damage.size(), 1U);
  slot_.reset();
  EXPECT_EQ(everything_on_disk().find("row 3:0"), std::string::npos) << "the rescue is encrypted too";
}

}  // namespace
}  // namespace questclient::buffer
