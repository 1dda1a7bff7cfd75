// Dead letters whose file or log is damaged: none vanishes without a word.
#include <csignal>
#include <cstdlib>

#include <questclient/slot.hpp>

#include "buffer/dead_letter_rescue.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

constexpr std::uint64_t kLetters = 20;
constexpr const char* kFolder = "QUESTCLIENT_TEST_SLOT";

class DeadLetterDamage : public SlotTest {
 protected:
  static DeadLetter letter(Fsn fsn) {
    DeadLetter made;
    made.fsn = fsn;
    made.payload = text(fsn) + " v=1i 1\n";
    made.reason = "cast error";
    made.host = "a:9000";
    return made;
  }
  /// A page of its own, and found in a file.
  static std::string text(Fsn fsn) { return "letter_" + std::to_string(fsn) + "_" + std::string(3000, 'x'); }

  void bury(Fsn first, Fsn last) {
    open();
    for (Fsn fsn = first; fsn <= last; ++fsn) slot_->bury(letter(fsn));
  }
  std::filesystem::path dead() const { return folder() / "dead.db"; }
  std::filesystem::path log() const { return folder() / "dead.db-wal"; }
  /// In the .db from now on.
  void fold() {
    open();
    slot_->bury(letter(kLetters + 1));
    slot_.reset();
  }
  void damage(const std::filesystem::path& file, Fsn fsn) {
    const auto at = content_of(file).rfind("letter_" + std::to_string(fsn) + "_");
    ASSERT_NE(at, std::string::npos);
    flip(file, at + 100);
  }
  std::set<Fsn> letters(bool sound = true) const {
    std::set<Fsn> found;
    const auto read = [&] {
      questclient::read_dead_letters(folder(), {}, {}, [&](const DeadLetterInfo& info) {
        EXPECT_EQ(info.payload, letter(info.fsn).payload);
        EXPECT_TRUE(found.insert(info.fsn).second);
      });
    };
    if (sound)
      read();
    else
      EXPECT_EQ(code_of(read), ErrorCode::slot_damaged);
    return found;
  }
  void expect_damage(std::uint64_t good) const {
    const SlotVerification found = verify_slot(folder());
    EXPECT_FALSE(found.sound());
    ASSERT_EQ(found.damage.size(), 1U);
    EXPECT_EQ(found.damage[0].file, dead());
    EXPECT_EQ(found.dead_letters, good);
    EXPECT_EQ(letters(false).size(), good);
    EXPECT_EQ(quarantined(), 0U) << "who looks changes nothing";
  }
  void expect_rescue(std::uint64_t good) {
    open();
    ASSERT_EQ(report_.damage.size(), 1U);
    EXPECT_NE(report_.damage[0].message.find("saved: " + std::to_string(good)), std::string::npos)
        << report_.damage[0].message;
    EXPECT_EQ(slot_->stats().dead_letters, good);
    slot_->bury(letter(100));
    EXPECT_EQ(letters().size(), good + 1);
    EXPECT_TRUE(std::filesystem::exists(report_.damage[0].file) ||
                std::filesystem::exists(report_.damage[0].file + "-wal"));
    slot_.reset();
    EXPECT_TRUE(verify_slot(folder()).sound());
    EXPECT_TRUE(files("rescued-", "").empty());
    EXPECT_TRUE(files("dead-", "").empty());
  }
};

TEST_F(DeadLetterDamage, AFlippedBitInTheLogHidesNoLetterBehindIt) {
  bury(1, kLetters);
  slot_.reset();
  damage(log(), 5);
  EXPECT_FALSE(inspect_slot(folder()).dead_letter_damage.empty());
  expect_damage(kLetters - 1);
  EXPECT_FALSE(letters(false).contains(5));
  expect_rescue(kLetters - 1);
}

TEST_F(DeadLetterDamage, TheNewestLetterDoesNotVanishEither) {
  bury(1, 3);
  fold();
  bury(kLetters + 2, kLetters + 3);
  slot_.reset();
  damage(log(), kLetters + 3);
  expect_damage(5);
  expect_rescue(5);
}

TEST_F(DeadLetterDamage, ALogBesideAnEmptiedFileKeepsItsLetters) {
  bury(1, kLetters);
  slot_.reset();
  std::filesystem::resize_file(dead(), 0);
  expect_damage(kLetters);
  expect_rescue(kLetters);
}

TEST_F(DeadLetterDamage, ALogWithoutAFileKeepsItsLetters) {
  bury(1, kLetters);
  slot_.reset();
  std::filesystem::remove(dead());
  expect_damage(kLetters);
  expect_rescue(kLetters);
}

TEST_F(DeadLetterDamage, ALetterThatChangesInTheFileIsNeverSent) {
  bury(1, kLetters);
  fold();
  damage(dead(), 7);
  expect_damage(kLetters);
  const Error refused = error_of([&] { retry_dead_letters(folder(), {}); });
  EXPECT_EQ(refused.code(), ErrorCode::slot_damaged);
  EXPECT_NE(std::string(refused.what()).find("saved: 20, lost: 1"), std::string::npos) << refused.what();
  EXPECT_EQ(quarantined(), 1U);
  EXPECT_EQ(letters().size(), kLetters);
  EXPECT_FALSE(letters().contains(7));
  EXPECT_EQ(retry_dead_letters(folder(), {}).rows, kLetters);
}

TEST_F(DeadLetterDamage, TheHolderMeetsItWhileItRuns) {
  bury(1, kLetters);
  slot_.reset();
  open();
  damage(log(), 5);
  slot_->bury(letter(50));
  const auto found = slot_->take_damage();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(letters().size(), kLetters);
  EXPECT_EQ(slot_->stats().dead_letters, kLetters);
}

TEST_F(DeadLetterDamage, AWrongMarkRemovesNoLetter) {
  bury(1, 3);
  append(1);
  slot_.reset();
  {
    Database database(dead(), Database::Mode::read_write);
    database.execute("UPDATE letters SET retry_fsn = 1 WHERE fsn = 2");
  }
  open();
  ASSERT_EQ(report_.damage.size(), 1U) << "it is told, and kept in quarantine";
  EXPECT_EQ(letters(), (std::set<Fsn>{1, 3}));
}

class KilledRescue : public DeadLetterDamage, public testing::WithParamInterface<int> {
 protected:
  KilledRescue() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // The program that is started anew to be killed makes a fixture of its own, but works in this one's
    // folder.
    if (::setenv(kFolder, root_.c_str(), 0) != 0) throw std::bad_alloc();
  }
  ~KilledRescue() override { ::unsetenv(kFolder); }

  [[noreturn]] void rescue_until_killed() {
    std::filesystem::remove_all(root_);
    root_ = std::getenv(kFolder);
    options_.sf_dir = root_.string();
    ::setenv("QUESTCLIENT_KILL_POINT", ("dead.rescued:" + std::to_string(GetParam())).c_str(), 1);
    bury(1, kLetters);
    slot_.reset();
    damage(log(), 5);
    open();
    std::exit(0);
  }
};

TEST_P(KilledRescue, IsRepeatedOrFinished) {
  EXPECT_EXIT(rescue_until_killed(), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(letters(GetParam() == 2).size(), kLetters - 1) << "once it is complete it speaks for the letters";
  open();
  ASSERT_EQ(report_.damage.size(), 1U);
  EXPECT_EQ(letters().size(), kLetters - 1);
  EXPECT_EQ(quarantined(), 1U);
  open();
  EXPECT_TRUE(report_.damage.empty());
}

INSTANTIATE_TEST_SUITE_P(Points, KilledRescue, testing::Values(1, 2));

}  // namespace
}  // namespace questclient::buffer
