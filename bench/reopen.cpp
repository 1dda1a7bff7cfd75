// Reopening a slot with a backlog of 10 GiB against one of 10 MiB: the cost must not grow. Needs 11 GiB of
// disk.
//
//     bench_reopen [--dir FOLDER] [--json FILE]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include "buffer/slot.hpp"

namespace {

namespace fs = std::filesystem;
using namespace questclient;

constexpr int kRounds = 7;
constexpr std::size_t kFrameBytes = 256 << 10;

const base::SystemClock clock_now;
base::SystemRandom random_source;

std::unique_ptr<buffer::Slot> open(const fs::path& folder, const std::string& name) {
  buffer::SlotOptions options;
  options.sf_dir = folder.string();
  options.sender_id = name;
  options.max_total_bytes = 16ULL << 30;
  buffer::SlotReport report;
  return buffer::Slot::open(options, clock_now, random_source, report);
}

std::uint64_t segments_of(const fs::path& slot) {
  std::uint64_t segments = 0;
  for (const auto& entry : fs::directory_iterator(slot)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("seg-") && name.ends_with(".db")) ++segments;
  }
  return segments;
}

/// Fills a new slot so that its newest segment holds the same amount whatever the number of segments.
void fill(const fs::path& folder, const std::string& name, std::uint64_t segments) {
  constexpr std::uint64_t kNewestBytes = 10ULL << 20;
  const std::string payload(kFrameBytes, 'x');
  const std::vector<std::uint32_t> lengths(kFrameBytes / 64, 64);
  const auto slot = open(folder, name);
  while (segments_of(folder / name) < segments) slot->append(payload, lengths);
  for (std::uint64_t bytes = 0; bytes < kNewestBytes; bytes += kFrameBytes) slot->append(payload, lengths);
}

double milliseconds_to_open(const fs::path& folder, const std::string& name) {
  const auto begin = std::chrono::steady_clock::now();
  const auto slot = open(folder, name);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int count, char** arguments) {
  fs::path folder = fs::current_path();
  std::string json_file;
  for (int at = 1; at + 1 < count; at += 2) {
    const std::string name = arguments[at];
    if (name == "--dir") folder = arguments[at + 1];
    if (name == "--json") json_file = arguments[at + 1];
  }
  folder /= "bench-reopen-" + std::to_string(::getpid());
  fs::create_directories(folder);
  fill(folder, "one", 1);
  fill(folder, "many", 160);
  std::vector<double> one, many;
  for (int round = 0; round < kRounds; ++round) {
    one.push_back(milliseconds_to_open(folder, "one"));
    many.push_back(milliseconds_to_open(folder, "many"));
  }
  const double ratio = median(many) / median(one);
  std::printf("%-24s %10s\n", "slot", "open ms");
  std::printf("%-24s %10.1f\n", "10 MiB, 1 segment", median(one));
  std::printf("%-24s %10.1f\n", "10 GiB, 160 segments", median(many));
  std::printf("%-24s %10.2f\n", "ratio", ratio);
  fs::remove_all(folder);
  if (!json_file.empty())
    std::ofstream(json_file) << "{\"one_segment_ms\": " << median(one) << ", \"ten_gib_ms\": " << median(many)
                             << ", \"ratio\": " << ratio << "}\n";
  return 0;
}
