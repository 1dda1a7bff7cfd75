// What a slot costs: appends of frames against write(2), and against write(2) + fdatasync(2), of the same
// frames in the same rounds.
//
//     bench_append [--dir FOLDER] [--json FILE] [--frame BYTES] [--mode NAME]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/file.hpp"
#include "buffer/slot.hpp"

namespace {

namespace fs = std::filesystem;
using namespace questclient;

constexpr int kRounds = 5;

struct Measured {
  double megabytes_per_second = 0;
  double p50_micros = 0;
  double p99_micros = 0;
};

/// Runs `step` for each of `count` frames.
Measured measure(std::size_t count, std::size_t frame_bytes, const std::function<void(std::size_t)>& step) {
  std::vector<double> micros(count);
  const auto begin = std::chrono::steady_clock::now();
  auto before = begin;
  for (std::size_t n = 0; n < count; ++n) {
    step(n);
    const auto after = std::chrono::steady_clock::now();
    micros[n] = std::chrono::duration<double, std::micro>(after - before).count();
    before = after;
  }
  const double seconds = std::chrono::duration<double>(before - begin).count();
  std::sort(micros.begin(), micros.end());
  return {static_cast<double>(count * frame_bytes) / 1e6 / seconds, micros[count / 2],
          micros[count * 99 / 100]};
}

Measured median(std::vector<Measured> rounds) {
  const auto middle = [&](double Measured::*field) {
    std::sort(rounds.begin(), rounds.end(),
              [&](const Measured& left, const Measured& right) { return left.*field < right.*field; });
    return rounds[rounds.size() / 2].*field;
  };
  return {middle(&Measured::megabytes_per_second), middle(&Measured::p50_micros),
          middle(&Measured::p99_micros)};
}

struct Frames {
  std::string payload;
  std::vector<std::uint32_t> lengths;
};

Frames frames_of(std::size_t bytes) {
  base::SeededRandom random(bytes);
  Frames frames;
  for (std::size_t left = bytes; left > 0;) {
    const std::size_t row = std::min<std::size_t>(left, 100);
    for (std::size_t n = 0; n < row; ++n) frames.payload.push_back(static_cast<char>(random.next()));
    frames.lengths.push_back(static_cast<std::uint32_t>(row));
    left -= row;
  }
  return frames;
}

Measured raw(const fs::path& folder, const Frames& frames, std::size_t count, bool synced) {
  const fs::path path = folder / "raw";
  fs::remove(path);
  Measured result;
  {
    base::File file(path, O_WRONLY | O_CREAT | O_APPEND);
    result = measure(count, frames.payload.size(), [&](std::size_t) {
      file.write_all(frames.payload);
      if (synced) file.sync_data();
    });
  }
  fs::remove(path);
  return result;
}

struct Mode {
  const char* name;
  SlotDurability durability;
  bool synced;  ///< Each append: compared with write(2) + fdatasync(2).
  bool encrypted;
  bool trimmed;  ///< The cluster keeps up: most segments are written over the log of an earlier one.
};

constexpr Mode kModes[] = {
    {"memory", SlotDurability::memory, false, false, false},
    {"periodic", SlotDurability::periodic, false, false, false},
    {"flush", SlotDurability::flush, true, false, false},
    {"append", SlotDurability::append, true, false, false},
    {"memory+key", SlotDurability::memory, false, true, false},
    {"memory, trimmed", SlotDurability::memory, false, false, true},
    {"append, trimmed", SlotDurability::append, true, false, true},
};
constexpr std::uint64_t kTrimmedSegmentBytes = 16 << 20;
constexpr base::Fsn kFramesOnTheirWay = 4;

Measured slot(const fs::path& folder, const Frames& frames, std::size_t count, const Mode& mode) {
  buffer::SlotOptions options;
  options.sf_dir = folder.string();
  options.durability = mode.durability;
  if (mode.trimmed) options.max_segment_bytes = kTrimmedSegmentBytes;
  if (mode.encrypted) options.key = std::string(32, 'k');
  const base::SystemClock clock;
  base::SystemRandom random;
  buffer::SlotReport report;
  Measured result;
  {
    const auto opened = buffer::Slot::open(options, clock, random, report);
    result = measure(count, frames.payload.size(), [&](std::size_t) {
      const base::Fsn newest = opened->append(frames.payload, frames.lengths);
      if (mode.trimmed && newest > kFramesOnTheirWay) opened->trim(newest - kFramesOnTheirWay);
    });
  }
  fs::remove_all(folder / options.sender_id);
  return result;
}

}  // namespace

int main(int count, char** arguments) {
  fs::path folder = fs::current_path();
  std::string json_file, only_mode;
  std::size_t only_frame = 0;
  for (int at = 1; at + 1 < count; at += 2) {
    const std::string name = arguments[at];
    if (name == "--dir") folder = arguments[at + 1];
    if (name == "--json") json_file = arguments[at + 1];
    if (name == "--frame") only_frame = std::stoul(arguments[at + 1]);
    if (name == "--mode") only_mode = arguments[at + 1];
  }
  folder /= "bench-append-" + std::to_string(::getpid());
  fs::create_directories(folder);
  std::printf("%8s %-15s %12s %12s %7s %10s %10s\n", "frame", "mode", "raw MB/s", "slot MB/s", "ratio",
              "p50 us", "p99 us");
  std::string json = "[";
  for (const std::size_t bytes : {std::size_t{4096}, std::size_t{65536}, std::size_t{262144}}) {
    if (only_frame != 0 && only_frame != bytes) continue;
    const Frames frames = frames_of(bytes);
    for (const Mode& mode : kModes) {
      if (!only_mode.empty() && only_mode != mode.name) continue;
      const bool synced = mode.synced;
      const std::size_t most = std::min<std::size_t>((128 << 20) / bytes, mode.trimmed ? 32'000 : 8000);
      const std::size_t frame_count = synced && !mode.trimmed ? (bytes > 100'000 ? 100 : 300) : most;
      std::vector<Measured> raws, slots;
      for (int round = 0; round < kRounds; ++round) {
        raws.push_back(raw(folder, frames, frame_count, synced));
        slots.push_back(slot(folder, frames, frame_count, mode));
      }
      std::vector<double> ratios;
      for (int round = 0; round < kRounds; ++round)
        ratios.push_back(slots[static_cast<std::size_t>(round)].megabytes_per_second /
                         raws[static_cast<std::size_t>(round)].megabytes_per_second);
      std::sort(ratios.begin(), ratios.end());
      const double ratio = ratios[kRounds / 2];
      const Measured without = median(raws);
      const Measured with = median(slots);
      std::printf("%8zu %-15s %12.1f %12.1f %7.2f %10.1f %10.1f\n", bytes, mode.name,
                  without.megabytes_per_second, with.megabytes_per_second, ratio, with.p50_micros,
                  with.p99_micros);
      char line[400];
      std::snprintf(line, sizeof line,
                    "%s\n  {\"frame_bytes\": %zu, \"durability\": \"%s\", \"raw_mb_per_s\": %.1f, "
                    "\"slot_mb_per_s\": %.1f, \"ratio\": %.3f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
                    "\"raw_p99_us\": %.1f}",
                    json.size() > 1 ? "," : "", bytes, mode.name, without.megabytes_per_second,
                    with.megabytes_per_second, ratio, with.p50_micros, with.p99_micros, without.p99_micros);
      json += line;
    }
  }
  fs::remove_all(folder);
  if (!json_file.empty()) std::ofstream(json_file) << json << "\n]\n";
  return 0;
}
