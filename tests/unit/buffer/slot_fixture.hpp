// A slot in a folder of its own, with frames whose content follows from their number.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include <questclient/error.hpp>

#include "base/file.hpp"
#include "buffer/dead_letters.hpp"
#include "buffer/slot.hpp"

namespace questclient::buffer {

/// Time stands still unless a test moves it.
class FixedClock final : public base::Clock {
 public:
  base::Time now() const override { return base::Time{1}; }
  std::int64_t wall_nanos() const override { return 1'700'000'000'000'000'000; }
};

struct Rows {
  std::string payload;
  std::vector<std::uint32_t> lengths;

  bool operator==(const Rows&) const = default;
};

/// Between 1 and 7 rows, together about `bytes`, different for each seed.
inline Rows rows_for(std::uint64_t seed, std::size_t bytes = 300) {
  base::SeededRandom random(seed + 1);
  Rows rows;
  const std::uint64_t count = 1 + random.below(7);
  for (std::uint64_t row = 0; row < count; ++row) {
    std::string text = "row " + std::to_string(seed) + ":" + std::to_string(row) + " ";
    while (text.size() < bytes / count) text.push_back(static_cast<char>('a' + random.below(26)));
    text.push_back('\n');
    rows.lengths.push_back(static_cast<std::uint32_t>(text.size()));
    rows.payload += text;
  }
  return rows;
}

inline Rows rows_of(const base::Frame& frame) {
  return {frame.payload, frame.row_lengths};
}

inline std::string content_of(const std::filesystem::path& file) {
  return base::read_file(file).value_or("");
}

/// What `work` throws.
template <class Work>
Error error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

template <class Work>
ErrorCode code_of(Work&& work) {
  return error_of(std::forward<Work>(work)).code();
}

/// What happens on other threads, counted and waited for.
class Heard {
 public:
  void event(const SlotEvent& event) {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  }
  std::vector<SlotEvent> events(SlotEvent::Kind kind) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return of(kind);
  }
  void await(SlotEvent::Kind kind, std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return of(kind).size() >= count; });
  }
  /// Something that is only counted.
  void step() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++steps_;
    changed_.notify_all();
  }
  std::size_t steps() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return steps_;
  }
  void await_steps(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return steps_ >= count; });
  }

 private:
  std::vector<SlotEvent> of(SlotEvent::Kind kind) const {
    std::vector<SlotEvent> found;
    for (const SlotEvent& event : events_)
      if (event.kind == kind) found.push_back(event);
    return found;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<SlotEvent> events_;
  std::size_t steps_ = 0;
};

class SlotTest : public testing::Test {
 protected:
  SlotTest() : random_(7) {
    // In memory where there is such a folder: what is tested here does not depend on how slow a sync is.
    const std::filesystem::path memory = "/dev/shm";
    const bool has_memory = std::filesystem::is_directory(memory) && ::access(memory.c_str(), W_OK) == 0;
    const auto base = has_memory ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (base / "questclient-slot-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    options_.sf_dir = root_.string();
    options_.sender_id = "writer";
  }
  ~SlotTest() override {
    slot_.reset();
    std::filesystem::remove_all(root_);
  }

  void open() {
    slot_.reset();
    report_ = {};
    slot_ = Slot::open(options_, clock_, random_, report_);
  }
  void open_and_listen() {
    open();
    slot_->on_event([this](const SlotEvent& event) { heard_.event(event); });
  }
  Fsn append(const Rows& rows) { return slot_->append(rows.payload, rows.lengths); }
  Fsn append(std::uint64_t seed, std::size_t bytes = 300) { return append(rows_for(seed, bytes)); }

  /// Everything from `from` on, as the sender would read it.
  std::vector<base::FramePtr> read_all(Fsn from = 1, std::size_t max_bytes = 1 << 20) {
    std::vector<base::FramePtr> all;
    for (;;) {
      const auto some = slot_->read(from, max_bytes, 100);
      if (some.empty()) return all;
      all.insert(all.end(), some.begin(), some.end());
      from = all.back()->fsn + 1;
    }
  }

  /// Each row from frame `from` on, and each dead letter.
  std::multiset<std::string> rows_and_letters(Fsn from) {
    std::multiset<std::string> rows;
    for (const auto& frame : read_all(from)) {
      std::size_t at = 0;
      for (const std::uint32_t length : frame->row_lengths) {
        rows.insert(frame->payload.substr(at, length));
        at += length;
      }
    }
    for (const DeadLetter& letter : read_dead_letters(folder())) rows.insert(letter.payload);
    return rows;
  }

  std::filesystem::path folder() const { return std::filesystem::path(options_.sf_dir) / options_.sender_id; }
  /// Files of the slot whose name begins and ends so, by name.
  std::vector<std::filesystem::path> files(std::string_view prefix, std::string_view suffix) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(prefix) && name.ends_with(suffix)) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::size_t quarantined() const {
    std::size_t files = 0;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder() / "quarantine", none))
      if (entry.path().extension() == ".db") ++files;
    return files;
  }
  /// Where the last bytes of the frame with the rows of `seed` stand in the log.
  static std::uint64_t end_of_rows_in(const std::filesystem::path& log, std::uint64_t seed,
                                      std::size_t bytes) {
    const Rows rows = rows_for(seed, bytes);
    const auto at = content_of(log).rfind(rows.payload.substr(rows.payload.size() - 200));
    EXPECT_NE(at, std::string::npos);
    return at;
  }
  static void flip(const std::filesystem::path& file, std::uint64_t at, char mask = 0x10) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(stream.get());
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ mask));
  }

  FixedClock clock_;
  base::SeededRandom random_;
  std::filesystem::path root_;
  SlotOptions options_;
  SlotReport report_;
  Heard heard_;
  std::unique_ptr<Slot> slot_;
};

}  // namespace questclient::buffer
