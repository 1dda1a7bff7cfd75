// Who looks at a damaged slot from outside sees what the sender that opens it saves, frame for frame.
#include <map>

#include <questclient/slot.hpp>

#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSeenBytes = 3000;
constexpr Fsn kFramesSeen = 24;

using Frames = std::map<Fsn, Rows>;

class RescueView : public SlotTest {
 protected:
  RescueView() {
    options_.max_segment_bytes = 96 << 10;
    options_.max_memory_bytes = 0;
  }
  /// A few segments, the newest with several commits.
  void fill() {
    open();
    for (Fsn n = 1; n <= kFramesSeen; ++n) append(n, kSeenBytes);
    slot_.reset();
    fs::copy(folder(), root_ / "sound", fs::copy_options::recursive);
  }
  void restore() {
    slot_.reset();
    fs::remove_all(folder());
    fs::copy(root_ / "sound", folder(), fs::copy_options::recursive);
  }
  fs::path newest_log() const { return files("seg-", ".db-wal").back(); }
  std::map<std::string, std::string> snapshot() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder()))
      if (entry.is_regular_file() && !entry.path().string().ends_with("-shm"))
        files[entry.path().string()] = content_of(entry.path());
    return files;
  }
  Frames exported() {
    Frames frames;
    SlotExport what;
    what.key = options_.key;
    export_slot(folder(), what, [&](const SlotFrame& frame) {
      EXPECT_TRUE(frames
                      .emplace(frame.fsn, Rows{std::string(frame.payload),
                                               {frame.row_lengths.begin(), frame.row_lengths.end()}})
                      .second);
    });
    return frames;
  }
  Frames opened() {
    Frames frames;
    open();
    for (const auto& frame : read_all()) frames[frame->fsn] = rows_of(*frame);
    const auto later = slot_->take_damage();
    report_.damage.insert(report_.damage.end(), later.begin(), later.end());
    slot_.reset();
    return frames;
  }
  void expect_the_same(const std::string& wound) {
    const auto before = snapshot();
    const SlotVerification found = verify_slot(folder(), options_.key);
    const Frames outside = exported();
    EXPECT_EQ(snapshot(), before) << wound << ": looking changes nothing";
    const Frames inside = opened();
    EXPECT_EQ(outside.size(), inside.size()) << wound;
    EXPECT_EQ(outside, inside) << wound;
    EXPECT_EQ(found.frames, inside.size()) << wound;
    EXPECT_EQ(found.damage.empty(), report_.damage.empty())
        << wound << (report_.damage.empty() ? found.damage.front().message : report_.damage.front().message);
    for (const auto& [fsn, rows] : outside) EXPECT_EQ(rows, rows_for(fsn, kSeenBytes)) << wound;
    hidden_ += found.damage.empty() ? 0 : found.damage.back().frames_behind;
  }

  std::uint64_t hidden_ = 0;  ///< Frames that only the eyes of a rescue saw.
};

TEST_F(RescueView, BreakInTheNewestLogIsNamedWithWhatCanBeSaved) {
  options_.max_segment_bytes = 64 << 20;
  fill();
  flip(newest_log(), end_of_rows_in(newest_log(), 8, kSeenBytes));
  const SlotVerification found = verify_slot(folder());
  ASSERT_EQ(found.damage.size(), 1U);
  EXPECT_EQ(found.damage[0].frames_behind, kFramesSeen - 8);
  EXPECT_NE(found.damage[0].message.find("Behind the damage 16 frames are good"), std::string::npos)
      << found.damage[0].message;
  EXPECT_EQ(found.missing, (std::vector<FsnRange>{{8, 8}}));
  EXPECT_EQ(found.frames, kFramesSeen - 1);
  EXPECT_EQ(inspect_slot(folder()).name, "writer");
  expect_the_same("a flip in frame 8");
}

TEST_F(RescueView, FlippedBytesOfTheNewestLog) {
  fill();
  const std::uint64_t size = fs::file_size(newest_log());
  for (std::uint64_t at = 7; at < size && !HasFailure(); at += 997) {
    restore();
    flip(newest_log(), at);
    expect_the_same("byte " + std::to_string(at));
  }
  EXPECT_GT(hidden_, 20U) << "the control: some flips hide frames from SQLite";
}

TEST_F(RescueView, EveryByteOfALogsHeaders) {
  fill();
  for (std::uint64_t at = 0; at < 32 + 24 && !HasFailure(); ++at) {
    restore();
    flip(newest_log(), at, static_cast<char>(0x81));
    expect_the_same("byte " + std::to_string(at));
  }
}

TEST_F(RescueView, TruncationsOfTheNewestLog) {
  fill();
  const std::uint64_t size = fs::file_size(newest_log());
  for (std::uint64_t left = 0; left < size && !HasFailure(); left += 1777) {
    restore();
    fs::resize_file(newest_log(), left);
    expect_the_same("cut to " + std::to_string(left));
  }
}

TEST_F(RescueView, FlippedBytesAndTruncationsOfTheNewestDatabase) {
  fill();
  const fs::path database = files("seg-", ".db").back();
  const std::uint64_t size = fs::file_size(database);
  for (std::uint64_t at = 0; at < size && !HasFailure(); at += at < 120 ? 5 : 1993) {
    restore();
    flip(database, at, 0x41);
    expect_the_same("byte " + std::to_string(at));
    restore();
    fs::resize_file(database, at);
    expect_the_same("cut to " + std::to_string(at));
  }
}

TEST_F(RescueView, WoundsOfEveryFile) {
  fill();
  for (int seed = 0; seed < 40 && !HasFailure(); ++seed) {
    restore();
    std::vector<fs::path> targets = files("seg-", ".db");
    const auto logs = files("seg-", ".db-wal");
    targets.insert(targets.end(), logs.begin(), logs.end());
    for (std::uint64_t wound = 0; wound < 3; ++wound) {
      const fs::path& file = targets[random_.below(targets.size())];
      if (const auto size = fs::file_size(file); size != 0) flip(file, random_.below(size), 0x22);
    }
    expect_the_same("seed " + std::to_string(seed));
  }
}

TEST_F(RescueView, EncryptedSlot) {
  options_.key = std::string(32, 'k');
  fill();
  const std::uint64_t size = fs::file_size(newest_log());
  for (std::uint64_t at = 11; at < size && !HasFailure(); at += 3989) {
    restore();
    flip(newest_log(), at);
    expect_the_same("byte " + std::to_string(at));
    restore();
    flip(newest_log(), at);
    EXPECT_EQ(code_of([&] { verify_slot(folder(), std::string(32, 'x')); }), ErrorCode::slot_key);
  }
}

TEST_F(RescueView, OrphanWhoseEveryFrameIsHiddenIsFound) {
  options_.max_segment_bytes = 64 << 20;
  fill();
  flip(newest_log(), 32 + 24 + 100);  // in the first frame of the log: SQLite shows nothing
  EXPECT_EQ(inspect_slot(folder()).frames, 0U);
  const auto orphans = orphan_slots(root_);
  ASSERT_EQ(
      std::count_if(orphans.begin(), orphans.end(), [](const auto& slot) { return slot.name == "writer"; }),
      1);
  EXPECT_GT(exported().size(), kFramesSeen - 2);
  expect_the_same("the first page");
}

}  // namespace
}  // namespace questclient::buffer
