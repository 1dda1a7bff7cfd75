// Invariants W2 and W3 of server-stub/engine/README.md: torn writes are cut off, damage is an error.
#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "engine/wal.hpp"
#include "engine/wal_format.hpp"
#include "unit/engine/wal_fixture.hpp"

namespace questnode::engine {
namespace {

/// The bytes of a segment that holds entries 1 to `last`, not synced by its WAL.
std::string unsynced_segment(std::uint64_t last, std::size_t bytes = 100) {
  std::string out = encode_segment_header({1, 0});
  for (std::uint64_t number = 1; number <= last; ++number) out += test_entry(number, bytes);
  return out;
}

std::string refusal(const std::filesystem::path& directory) {
  try {
    Wal::open({directory});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(WalRecovery, TornTailIsCutOffAtEveryByte) {
  const std::string whole = unsynced_segment(3, 20);
  const std::size_t before = unsynced_segment(2, 20).size();
  for (std::size_t length = before + 1; length < whole.size(); ++length) {
    ScratchDirectory scratch;
    put_file(scratch.path() / segment_file_name(1), whole.substr(0, length));
    {
      auto wal = Wal::open({scratch.path()});
      ASSERT_EQ(wal->last(), 2U) << length;
      EXPECT_NE(wal->recovery_note().find("behind entry 2"), std::string::npos) << wal->recovery_note();
      append_entries(*wal, 3, 4, 20, 'y');
    }
    auto wal = Wal::open({scratch.path()});
    EXPECT_EQ(wal->recovery_note(), "");
    expect_entries(*wal, 1, 2, 20);
    expect_entries(*wal, 3, 4, 20, 'y');
  }
}

TEST(WalRecovery, ATornHeaderIsAFreshSegment) {
  const std::string header = encode_segment_header({1, 0});
  for (std::size_t length = 0; length < header.size(); ++length) {
    ScratchDirectory scratch;
    put_file(scratch.path() / segment_file_name(1), header.substr(0, length));
    auto wal = Wal::open({scratch.path()});
    ASSERT_EQ(wal->last(), 0U) << length;
    append_entries(*wal, 1, 1);
  }
}

TEST(WalRecovery, ATornSecondSegmentGivesWayToTheFirst) {
  ScratchDirectory scratch;
  put_file(scratch.path() / segment_file_name(1), unsynced_segment(5));
  put_file(scratch.path() / segment_file_name(6), std::string(700, '\0'));
  auto wal = Wal::open({scratch.path()});
  EXPECT_EQ(wal->last(), 5U);
  EXPECT_EQ(segment_files(scratch.path()).size(), 1U);
  append_entries(*wal, 6, 6);
  expect_entries(*wal, 1, 6);
}

TEST(WalRecovery, AFlippedByteInTheMiddleIsAnErrorThatNamesFileAndOffset) {
  const std::string whole = unsynced_segment(5, 40);
  const std::size_t begin = unsynced_segment(2, 40).size();
  const std::size_t end = unsynced_segment(3, 40).size();
  for (std::size_t at = begin; at < end; ++at) {
    ScratchDirectory scratch;
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    put_file(scratch.path() / segment_file_name(1), damaged);
    const std::string why = refusal(scratch.path());
    EXPECT_NE(why.find(segment_file_name(1)), std::string::npos) << at << ": " << why;
    EXPECT_NE(why.find("offset " + std::to_string(begin)), std::string::npos) << at << ": " << why;
    EXPECT_EQ(file_bytes(scratch.path() / segment_file_name(1)), damaged) << "evidence stays";
  }
}

// A power cut may lose one page and keep a later one, as long as none of them was synced.
TEST(WalRecovery, AHoleThatWasNeverSyncedIsCutOffWithAllBehindIt) {
  ScratchDirectory scratch;
  std::string bytes = unsynced_segment(20, 1000);
  std::fill(bytes.begin() + 4096, bytes.begin() + 8192, '\0');
  put_file(scratch.path() / segment_file_name(1), bytes);
  put_file(scratch.path() / segment_file_name(21), encode_segment_header({21, 0}) + test_entry(21));
  auto wal = Wal::open({scratch.path()});
  EXPECT_EQ(wal->last(), 3U);
  EXPECT_NE(wal->recovery_note().find("removed 1 segment"), std::string::npos) << wal->recovery_note();
  expect_entries(*wal, 1, 3, 1000);
}

TEST(WalRecovery, TheSameHoleIsAnErrorOnceSynced) {
  for (const bool in_next_segment : {false, true}) {
    ScratchDirectory scratch;
    std::string bytes = unsynced_segment(20, 1000);
    std::fill(bytes.begin() + 4096, bytes.begin() + 8192, '\0');
    if (in_next_segment)
      put_file(scratch.path() / segment_file_name(21), encode_segment_header({21, 20}));
    else
      bytes += encode_note({20, std::nullopt});
    put_file(scratch.path() / segment_file_name(1), bytes);
    EXPECT_NE(refusal(scratch.path()).find("though it was synced"), std::string::npos);
  }
}

TEST(WalRecovery, AClosedWalKnowsThatItsLastEntryWasSynced) {
  ScratchDirectory scratch;
  {
    auto wal = Wal::open({scratch.path()});
    append_entries(*wal, 1, 5);
    wal->sync();
  }
  const auto file = segment_files(scratch.path()).front();
  std::string bytes = file_bytes(file);
  bytes[unsynced_segment(5).size() - 10] ^= 1;
  put_file(file, bytes);
  EXPECT_NE(refusal(scratch.path()).find("entry 5 is unreadable, though it was synced"), std::string::npos);
}

TEST(WalRecovery, AMissingSegmentIsAnError) {
  ScratchDirectory scratch;
  {
    auto wal = Wal::open({scratch.path(), 4096});
    append_entries(*wal, 1, 200);
  }
  const auto files = segment_files(scratch.path());
  ASSERT_GT(files.size(), 3U);
  std::filesystem::remove(files[1]);
  EXPECT_NE(refusal(scratch.path()).find("a segment is missing"), std::string::npos);
}

TEST(WalRecovery, ANewerFormatIsRefusedByName) {
  ScratchDirectory scratch;
  std::string header = encode_segment_header({1, 0});
  // The version is part of the checksum: a header of version 2 as a later program would write it.
  header[8] = 2;
  header.resize(kSegmentHeaderBytes - 4);
  base::ByteWriter(header).number(base::crc32c(header));
  put_file(scratch.path() / segment_file_name(1), header);
  EXPECT_NE(refusal(scratch.path()).find("format version 2"), std::string::npos);
}

TEST(WalRecovery, OtherFilesAreLeftAlone) {
  ScratchDirectory scratch;
  put_file(scratch.path() / "wal-1.log", "not ours");
  put_file(scratch.path() / "notes.txt", "not ours");
  { Wal::open({scratch.path()}); }
  EXPECT_EQ(file_bytes(scratch.path() / "wal-1.log"), "not ours");
}

// A crash between any two steps of truncation and purge: the files as they are then open cleanly.
TEST(WalRecovery, EveryStepOfTruncationAndPurgeOpensCleanly) {
  ScratchDirectory scratch;
  {
    auto wal = Wal::open({scratch.path(), 4096});
    append_entries(*wal, 1, 200);
  }
  const auto files = segment_files(scratch.path());
  for (std::size_t newest = 1; newest <= files.size(); ++newest) {
    for (std::size_t oldest = 0; oldest < newest; ++oldest) {
      ScratchDirectory copy;
      for (std::size_t i = oldest; i < newest; ++i)
        std::filesystem::copy(files[i], copy.path() / files[i].filename());
      auto wal = Wal::open({copy.path(), 4096});
      EXPECT_EQ(wal->recovery_note(), "");
      EXPECT_EQ(wal->first(), parse_segment_file_name(files[oldest].filename().string()));
      expect_entries(*wal, wal->first(), wal->last());
    }
  }
}

}  // namespace
}  // namespace questnode::engine
