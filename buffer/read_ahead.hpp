// The disk is asked for what a reader will want next, while the reader is still busy with what it has.
#pragma once

#include <cstdint>
#include <string>

#include "base/file.hpp"

namespace questclient::buffer {

/// Of one file that is read from front to back. Only ever a hint: what fails here is read all the same.
/// Holds no lock of its own on the file, so it must not be one whose POSIX locks matter (a .db).
class ReadAhead {
 public:
  explicit ReadAhead(std::string path) : path_(std::move(path)) {}

  /// `amount` bytes at `offset` are wanted now.
  void wanted(std::uint64_t offset, std::uint64_t amount) noexcept;

 private:
  std::string path_;
  base::File file_;  ///< Opened once enough was read that it pays.
  std::uint64_t read_ = 0;
  std::uint64_t asked_for_ = 0;  ///< The disk was asked for everything below.
};

}  // namespace questclient::buffer
