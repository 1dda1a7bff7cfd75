// How fast a backlog of 2 GiB leaves a slot: read from the disk, frame by frame, and trimmed. No network.
// Beside it, in the same round, how fast the disk gives the same files to plain read(2).
//
//     bench_drain [--dir FOLDER]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include "buffer/slot.hpp"

namespace {

namespace fs = std::filesystem;
using namespace questclient;

constexpr int kRounds = 3;
constexpr std::uint64_t kBacklog = 2ULL << 30;
constexpr std::size_t kFrameBytes = 256 << 10;
constexpr std::size_t kReadBytes = 1 << 20;  // as the sender reads

const base::SystemClock clock_now;
base::SystemRandom random_source;

std::unique_ptr<buffer::Slot> open(const fs::path& folder) {
  buffer::SlotOptions options;
  options.sf_dir = folder.string();
  buffer::SlotReport report;
  return buffer::Slot::open(options, clock_now, random_source, report);
}

void fill(const fs::path& folder) {
  const std::string payload(kFrameBytes, 'x');
  const std::vector<std::uint32_t> lengths(kFrameBytes / 64, 64);
  const auto slot = open(folder);
  for (std::uint64_t bytes = 0; bytes < kBacklog; bytes += kFrameBytes) slot->append(payload, lengths);
}

/// Makes the kernel write and forget the files, so that they are read from the disk.
void leave_page_cache(const fs::path& folder) {
  ::sync();
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
  }
}

using Clock = std::chrono::steady_clock;

double gigabytes_per_second(std::uint64_t bytes, Clock::time_point begin) {
  return static_cast<double>(bytes) / std::chrono::duration<double>(Clock::now() - begin).count() / 1e9;
}

double read_plainly(const fs::path& folder) {
  std::vector<char> into(kReadBytes);
  std::uint64_t bytes = 0;
  const auto begin = Clock::now();
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    for (ssize_t got = 1; file >= 0 && got > 0;
         bytes += static_cast<std::uint64_t>(std::max<ssize_t>(got, 0)))
      got = ::read(file, into.data(), into.size());
    ::close(file);
  }
  return gigabytes_per_second(bytes, begin);
}

double drain(const fs::path& folder) {
  const auto slot = open(folder);
  const auto begin = Clock::now();
  std::uint64_t bytes = 0;
  base::Fsn next = 1;
  while (next < slot->end()) {
    const auto frames = slot->read(next, kReadBytes, 256);
    for (const base::FramePtr& frame : frames) bytes += frame->payload.size();
    next = frames.back()->fsn + 1;
    slot->trim(next);
  }
  return gigabytes_per_second(bytes, begin);
}

}  // namespace

int main(int count, char** arguments) {
  fs::path folder = fs::current_path();
  if (count == 3 && std::strcmp(arguments[1], "--dir") == 0) folder = arguments[2];
  folder /= "bench-drain-" + std::to_string(::getpid());
  std::vector<double> plain, cold, warm;
  for (int round = 0; round < kRounds; ++round) {
    for (const bool from_disk : {true, false}) {
      fs::create_directories(folder);
      fill(folder);
      if (from_disk) {
        leave_page_cache(folder);
        plain.push_back(read_plainly(folder));
        leave_page_cache(folder);
      }
      (from_disk ? cold : warm).push_back(drain(folder));
      fs::remove_all(folder);
    }
  }
  for (std::vector<double>* figures : {&plain, &cold, &warm}) std::sort(figures->begin(), figures->end());
  const double disk = plain[kRounds / 2], from_disk = cold[kRounds / 2];
  std::printf("the disk gives to plain read(2)              %6.2f GB/s\n", disk);
  std::printf("2 GiB read and trimmed, from the disk        %6.2f GB/s, %.2f of that\n", from_disk,
              from_disk / disk);
  std::printf("2 GiB read and trimmed, from the page cache  %6.2f GB/s\n", warm[kRounds / 2]);
  return 0;
}
