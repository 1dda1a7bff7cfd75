// A slot on a disk that loses its power: takes what each instant could leave, and looks at it afterwards.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "disk_calls.hpp"
#include "recording_disk.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {

/// What the application was told before the cut.
struct Promise {
  Fsn attempted = 0;  ///< Frames beyond were never given to the slot.
  Fsn kept = 0;       ///< Frames up to here survive, unless they were trimmed.
  Fsn trimmed = 1;
  Fsn buried = 0;            ///< Letters of frames up to here survive.
  Fsn buried_attempted = 0;  ///< Those beyond were never given to the slot.
  bool damaged = false;      ///< The disk was, so that a rescue may be told.
};

class PowerLossTest : public SlotTest {
 protected:
  PowerLossTest() {
    // Folders that the slot has to make, and to keep.
    options_.sf_dir = (root_ / "disk" / "slots").string();
    options_.max_segment_bytes = 64 << 10;
    std::filesystem::create_directories(root_ / "disk");
    pretend_reboot(true);
  }
  ~PowerLossTest() override {
    pretend_reboot(false);
    slot_.reset();
    disk_.reset();
  }

  /// What is there now is on the disk; from here on power may fail.
  void record();
  void stop_recording();
  /// Changes what is promised, between two instants.
  void promise(const std::function<void(Promise&)>& change);
  /// One possible outcome of a cut now.
  void cut();
  /// Looks at what was taken since. Returns what is wrong, and counts states and those that lost frames that
  /// append() had returned for.
  std::vector<std::string> look_at_states();
  void expect_nothing_wrong() {
    for (const std::string& problem : look_at_states()) ADD_FAILURE() << problem;
  }

  Fsn append_next(bool automatic = false);
  void bury_next();
  static std::string position_of(Fsn fsn) { return "p" + std::to_string(fsn); }
  static DeadLetter letter_of(Fsn fsn);

  static constexpr std::size_t kBytes = 2500;

  std::optional<RecordingDisk> disk_;
  std::uint64_t instants_per_state_ = 6;  ///< Of the instants one in so many is looked at.
  std::size_t states_ = 0;
  std::size_t lost_ = 0;

 private:
  struct State {
    RecordingDisk::Left left;
    Promise promise;
  };

  void take(bool always);
  void look_at(const State& state, std::vector<std::string>& problems);
  void look_into(Slot& slot, SlotReport& report, const Promise& promise, std::vector<std::string>& problems);
  void look_at_letters(const std::filesystem::path& slot, const Promise& promise,
                       std::vector<std::string>& problems);

  std::mutex mutex_;
  Promise promise_;
  base::SeededRandom choice_{11};
  std::vector<State> taken_;
};

}  // namespace questclient::buffer
