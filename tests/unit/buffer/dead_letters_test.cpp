// Dead letters: quota, formats, encryption, and back into the slot.
#include "buffer/dead_letters.hpp"

#include <sqlite3.h>

#include <questclient/slot.hpp>

#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

class DeadLettersTest : public SlotTest {
 protected:
  static DeadLetter letter(Fsn fsn, const std::string& rows = "t v=1i 1\n") {
    DeadLetter made;
    made.stream.bytes[0] = 7;
    made.fsn = fsn;
    made.first_row = 2;
    made.payload = rows;
    made.reason = "cast error";
    made.host = "a:9000";
    return made;
  }
  std::vector<DeadLetterInfo> letters(const std::string& key = {}) const {
    std::vector<DeadLetterInfo> all;
    questclient::read_dead_letters(folder(), {}, key,
                                   [&](const DeadLetterInfo& info) { all.push_back(info); });
    return all;
  }
  std::vector<std::string> payloads() {
    std::vector<std::string> all;
    for (const auto& frame : read_all()) all.push_back(frame->payload);
    return all;
  }
  void mark(Fsn retry_fsn) {
    DeadLetterFile file(SlotFolder(folder()), DeadLetterFile::Older::upgrade);
    file.change([&] {
      for (const StoredLetter& stored : file.read(0, 100)) file.mark(stored.id, retry_fsn);
    });
  }
  void execute(const char* sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open((folder() / "dead.db").c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }
};

TEST_F(DeadLettersTest, TellWhoRefusedWhatAndWhyInTheOrderOfBurial) {
  open();
  slot_->bury(letter(9));
  slot_->bury(letter(3, "t v=2i 2\n"));
  const auto all = letters();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].fsn, 9U);
  EXPECT_EQ(all[1].payload, "t v=2i 2\n");
  EXPECT_EQ(all[0].reason, "cast error");
  EXPECT_EQ(all[0].host, "a:9000");
  EXPECT_EQ(all[0].wall_nanos, clock_.wall_nanos());
  EXPECT_EQ(all[0].key, "07000000-0000-0000-0000-000000000000:9:2");
  EXPECT_EQ(slot_->stats().dead_letters, 2U);
  EXPECT_EQ(slot_->stats().dead_letter_bytes, inspect_slot(folder()).dead_letter_bytes);
}

TEST_F(DeadLettersTest, AtTheQuotaTheNextOneIsRefusedUntilSomeAreDropped) {
  options_.max_dead_letter_bytes = 1000;
  open();
  slot_->bury(letter(1, std::string(600, 'x')));
  const Error full = error_of([&] { slot_->bury(letter(2, std::string(600, 'y'))); });
  EXPECT_EQ(full.code(), ErrorCode::dead_letters_full);
  EXPECT_NE(std::string(full.what()).find("sf_max_dead_letter_bytes"), std::string::npos) << full.what();
  slot_->bury(letter(1, std::string(600, 'x')));  // the same key again takes no more room
  EXPECT_EQ(letters().size(), 1U);
  EXPECT_EQ(drop_dead_letters(folder(), {{letters()[0].key}, 0}), 1U);
  slot_->bury(letter(2, std::string(600, 'y')));
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].fsn, 2U);
  EXPECT_EQ(slot_->stats().dead_letters, 1U);
}

TEST_F(DeadLettersTest, AreDroppedByAgeAndByKey) {
  open();
  DeadLetter old = letter(1);
  old.wall_nanos = 1000;
  slot_->bury(old);
  slot_->bury(letter(2));
  slot_->bury(letter(3));
  EXPECT_EQ(drop_dead_letters(folder(), {{}, 2000}), 1U);
  EXPECT_EQ(code_of([&] {
              drop_dead_letters(folder(), {{"07000000-0000-0000-0000-000000000000:1:2"}, 0});
            }),
            ErrorCode::invalid_value);
  EXPECT_EQ(code_of([&] { drop_dead_letters(folder(), {{"nonsense"}, 0}); }), ErrorCode::invalid_value);
  EXPECT_EQ(drop_dead_letters(folder(), {{"07000000-0000-0000-0000-000000000000:3:2"}, 0}), 1U);
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].fsn, 2U);
  EXPECT_EQ(drop_dead_letters(folder(), {}), 1U);
  EXPECT_EQ(count_dead_letters(folder()).bytes, 0U);
}

TEST_F(DeadLettersTest, FileOfTheFirstFormatIsReadAndGoesOn) {
  open();
  slot_.reset();
  execute(
      "PRAGMA journal_mode=WAL; CREATE TABLE letters(stream BLOB NOT NULL, fsn INTEGER NOT NULL,"
      " first_row INTEGER NOT NULL, rows INTEGER NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL,"
      " host TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY(stream, fsn, first_row)) STRICT;"
      "INSERT INTO letters VALUES(x'07000000000000000000000000000000', 5, 1, 1, x'740a', 'why', 'h:1', 77);"
      "PRAGMA user_version=1;");
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].reason, "why");
  EXPECT_EQ(inspect_slot(folder()).dead_letters, 1U);
  open();
  EXPECT_EQ(slot_->stats().dead_letters, 1U);
  slot_->bury(letter(6));
  EXPECT_EQ(letters().size(), 2U);
  EXPECT_EQ(slot_->stats().dead_letters, 2U);
}

TEST_F(DeadLettersTest, FileOfTheSecondFormatIsReadChangedAndGoesOn) {
  open();
  slot_.reset();
  execute(
      "PRAGMA journal_mode=WAL; CREATE TABLE letters(stream BLOB NOT NULL, fsn INTEGER NOT NULL,"
      " first_row INTEGER NOT NULL, rows INTEGER NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL,"
      " host TEXT NOT NULL, time INTEGER NOT NULL, sealed INTEGER NOT NULL DEFAULT 0,"
      " retry_fsn INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(stream, fsn, first_row)) STRICT;"
      "CREATE TABLE totals(id INTEGER PRIMARY KEY CHECK(id = 1), letters INTEGER NOT NULL,"
      " bytes INTEGER NOT NULL) STRICT; INSERT INTO totals VALUES(1, 0, 0);"
      "CREATE TRIGGER letter_added AFTER INSERT ON letters BEGIN"
      " UPDATE totals SET letters = letters + 1, bytes = bytes + 100; END;"
      "CREATE TRIGGER letter_removed AFTER DELETE ON letters BEGIN"
      " UPDATE totals SET letters = letters - 1, bytes = bytes - 100; END;"
      "CREATE INDEX retried ON letters(retry_fsn) WHERE retry_fsn > 0;"
      "INSERT INTO letters VALUES(x'07000000000000000000000000000000', 5, 2, 1, x'740a', 'why', 'h:1', 77, "
      "0, 0);"
      "INSERT INTO letters VALUES(x'07000000000000000000000000000000', 6, 2, 1, x'740a', 'why', 'h:1', 77, "
      "0, 0);"
      "PRAGMA user_version=2;");
  EXPECT_EQ(letters().size(), 2U);
  EXPECT_TRUE(verify_slot(folder()).sound());
  EXPECT_EQ(drop_dead_letters(folder(), {{"07000000-0000-0000-0000-000000000000:5:2"}, 0}), 1U)
      << "also beside a sender of the release that wrote it";
  open();
  EXPECT_EQ(slot_->stats().dead_letters, 1U);
  slot_->bury(letter(7));
  slot_.reset();
  EXPECT_EQ(letters().size(), 2U);
  EXPECT_EQ(verify_slot(folder()).dead_letters, 2U);
  EXPECT_TRUE(verify_slot(folder()).sound());
  EXPECT_EQ(retry_dead_letters(folder(), {}).letters, 2U);
}

TEST_F(DeadLettersTest, FileOfANewerFormatIsRefusedAndLeftAlone) {
  open();
  slot_->bury(letter(1));
  slot_.reset();
  execute("PRAGMA user_version=4");
  const Error newer = error_of([&] { open(); });
  EXPECT_EQ(newer.code(), ErrorCode::slot_format);
  EXPECT_NE(std::string(newer.what()).find("newer release"), std::string::npos) << newer.what();
  EXPECT_EQ(code_of([&] { letters(); }), ErrorCode::slot_format);
  execute("PRAGMA user_version=3");
  EXPECT_EQ(letters().size(), 1U);
}

TEST_F(DeadLettersTest, OfAnEncryptedSlotNeedItsKey) {
  options_.key = std::string(32, 'k');
  open();
  slot_->bury(letter(1, "t secret=1i 1\n"));
  const std::string bytes = content_of(folder() / "dead.db-wal");
  EXPECT_GT(bytes.size(), 100U);
  EXPECT_EQ(bytes.find("secret"), std::string::npos);
  EXPECT_EQ(bytes.find("cast error"), std::string::npos) << "a reason quotes values";
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_TRUE(letters()[0].unreadable);
  EXPECT_EQ(letters(options_.key)[0].payload, "t secret=1i 1\n");
  EXPECT_EQ(letters(options_.key)[0].reason, "cast error");
  EXPECT_EQ(code_of([&] { letters(std::string(32, 'x')); }), ErrorCode::slot_key);
  slot_.reset();
  EXPECT_EQ(code_of([&] { retry_dead_letters(folder(), {}, {}); }), ErrorCode::slot_key);
  EXPECT_EQ(letters().size(), 1U);
  EXPECT_EQ(retry_dead_letters(folder(), {}, options_.key).letters, 1U);
  open();
  EXPECT_EQ(payloads(), std::vector<std::string>{"t secret=1i 1\n"});
}

TEST_F(DeadLettersTest, RetryPutsThemBehindTheNewestFrame) {
  open();
  append(1);
  slot_->bury(letter(1, "t v=1i 1\n"));
  DeadLetter two = letter(2, "t v=2i 2\nt v=3i 3\n");
  two.rows = 2;
  slot_->bury(two);
  DeadLetter untold = letter(3, "t v=\n\n\n 4\n");
  untold.rows = 2;
  slot_->bury(untold);
  slot_.reset();
  const DeadLetterRetry retry = retry_dead_letters(folder(), {});
  EXPECT_EQ(retry.letters, 2U);
  EXPECT_EQ(retry.rows, 3U);
  EXPECT_EQ(retry.first_fsn, 2U);
  EXPECT_EQ(retry.last_fsn, 2U);
  EXPECT_EQ(retry.kept, std::vector<std::string>{"07000000-0000-0000-0000-000000000000:3:2"});
  EXPECT_EQ(letters().size(), 1U);
  open();
  const auto frames = read_all(2);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0]->payload, "t v=1i 1\nt v=2i 2\nt v=3i 3\n");
  EXPECT_EQ(frames[0]->row_lengths, (std::vector<std::uint32_t>{9, 9, 9}));
}

TEST_F(DeadLettersTest, RetryIsRefusedWhileAProcessHoldsTheSlot) {
  open();
  slot_->bury(letter(1));
  const Error locked = error_of([&] { retry_dead_letters(folder(), {}); });
  EXPECT_EQ(locked.code(), ErrorCode::slot_locked);
  EXPECT_NE(std::string(locked.what()).find(std::to_string(::getpid())), std::string::npos) << locked.what();
  EXPECT_EQ(letters().size(), 1U);
}

TEST_F(DeadLettersTest, RetryKilledBeforeItsFrameStandsLeavesTheLetter) {  // invariant 13
  open();
  append(1);
  slot_->bury(letter(1));
  mark(slot_->end());
  EXPECT_EQ(letters()[0].retry_fsn, 2U);
  open();
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].retry_fsn, 0U);
  EXPECT_EQ(read_all().size(), 1U);
}

TEST_F(DeadLettersTest, AKeyThatIsGivenTwiceMeansOneLetter) {
  open();
  slot_->bury(letter(1));
  slot_->bury(letter(2));
  slot_.reset();
  const std::string first = letters()[0].key, second = letters()[1].key;
  EXPECT_EQ(code_of([&] {
              retry_dead_letters(folder(), {{first, "nonsense"}, 0});
            }),
            ErrorCode::invalid_value);
  EXPECT_EQ(letters().size(), 2U) << "nothing is moved before every key is known";
  const DeadLetterRetry retry = retry_dead_letters(folder(), {{first, first}, 0});
  EXPECT_EQ(retry.letters, 1U);
  EXPECT_EQ(retry.rows, 1U);
  EXPECT_EQ(drop_dead_letters(folder(), {{second, second}, 0}), 1U);
  open();
  EXPECT_EQ(payloads(), std::vector<std::string>{"t v=1i 1\n"});
}

TEST_F(DeadLettersTest, RetryKnowsNoQuota) {
  options_.max_segment_bytes = 64 << 10;
  open();
  for (std::uint64_t n = 1; n <= 30; ++n) append(n, 5000);
  slot_->bury(letter(1));
  slot_.reset();
  // A hole in the file: it counts, and takes no room.
  std::filesystem::resize_file(files("seg-", ".db").front(), SlotOptions{}.max_total_bytes + (1 << 20));
  EXPECT_EQ(retry_dead_letters(folder(), {}).letters, 1U);
}

TEST_F(DeadLettersTest, RetryKilledAfterItsFrameStandsRemovesTheLetter) {  // invariant 13
  open();
  append(1);
  slot_->bury(letter(1));
  mark(slot_->end());
  EXPECT_EQ(letters().size(), 1U);
  append(2);
  EXPECT_TRUE(letters().empty()) << "its rows are in the slot, and nowhere else";
  EXPECT_EQ(code_of([&] {
              questclient::read_dead_letters(folder(), {{"07000000-0000-0000-0000-000000000000:1:2"}, 0}, {},
                                             [](const DeadLetterInfo&) {});
            }),
            ErrorCode::invalid_value);
  open();
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(slot_->stats().dead_letters, 0U);
  EXPECT_EQ(read_all().size(), 2U);
}

TEST_F(DeadLettersTest, RetryWhoseFrameWasSentAndTrimmedRemovesTheLetter) {  // invariant 13
  open();
  append(1);
  slot_->bury(letter(1));
  mark(slot_->end());
  append(2);
  slot_->trim(3);
  open();
  EXPECT_TRUE(letters().empty());
  EXPECT_TRUE(read_all().empty());
}

}  // namespace
}  // namespace questclient::buffer
