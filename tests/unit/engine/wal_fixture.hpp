// What the tests of the WAL share: a directory of their own, and entries to write.
#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "engine/entry.hpp"
#include "engine/wal.hpp"
#include "namespace.hpp"

namespace questnode::engine {

/// An empty directory, removed at the end of the test.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    static std::atomic<int> counter{0};
    path_ = std::filesystem::temp_directory_path() /
            ("engine-test-" + std::to_string(::getpid()) + "-" + std::to_string(++counter));
    std::filesystem::create_directories(path_);
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Entry `number`, about `bytes` long; other `salt`, other bytes.
inline std::string test_entry(std::uint64_t number, std::size_t bytes = 100, char salt = 'x') {
  Entry entry;
  entry.number = number;
  entry.wall_nanos = static_cast<std::int64_t>(number) * 1000;
  TableTransaction transaction;
  transaction.table = "t" + std::string(bytes, salt);
  entry.tables.push_back(transaction);
  return encode_entry(entry);
}

inline void append_entries(Wal& wal, std::uint64_t from, std::uint64_t through, std::size_t bytes = 100,
                           char salt = 'x') {
  for (std::uint64_t number = from; number <= through; ++number)
    wal.append(number, test_entry(number, bytes, salt));
}

/// Every entry from `from` on is the one that test_entry makes.
inline void expect_entries(const Wal& wal, std::uint64_t from, std::uint64_t through, std::size_t bytes = 100,
                           char salt = 'x') {
  std::uint64_t number = from;
  while (number <= through) {
    const auto read = wal.read(number, through, 1000);
    ASSERT_FALSE(read.empty()) << "entry " << number;
    for (const std::string& entry : read) EXPECT_EQ(entry, test_entry(number++, bytes, salt));
  }
  EXPECT_EQ(number, through + 1);
}

inline LogMark test_mark(std::uint64_t through) {
  LogMark mark;
  mark.epoch = 3;
  mark.seq = through * 2;
  mark.through = through;
  mark.hash.fill(static_cast<unsigned char>(through));
  return mark;
}

inline std::string file_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void put_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// The WAL's segment files, oldest first.
inline std::vector<std::filesystem::path> segment_files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& item : std::filesystem::directory_iterator(directory)) files.push_back(item.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace questnode::engine
