// POSIX files: the calls that rooms which keep state share. Errors are std::system_error and name the path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace questclient::base {

/// An open file descriptor, closed on destruction. Movable.
class File {
 public:
  File() = default;
  /// `flags` and `mode` as for open(2); O_CLOEXEC is added.
  File(const std::filesystem::path& path, int flags, unsigned mode = 0644);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }
  void close();

  /// Writes everything, going on after short writes and EINTR.
  void write_all(std::string_view bytes);
  /// The same at `offset`, wherever the file stands.
  void write_at(std::uint64_t offset, std::string_view bytes);
  /// Up to `length` bytes at `offset`; shorter only at the end of the file.
  std::string read_at(std::uint64_t offset, std::size_t length) const;
  std::uint64_t size() const;
  void truncate(std::uint64_t size);
  /// Returns once data and size are on the disk (fdatasync).
  void sync_data();

 private:
  int descriptor_ = -1;
  std::filesystem::path path_;
};

/// The whole file, or nullopt when there is none.
std::optional<std::string> read_file(const std::filesystem::path& path);
/// Replaces the file in one step: temporary file, fsync, rename, fsync of the directory. Durable on return.
void replace_file(const std::filesystem::path& path, std::string_view content);
/// Makes creations, renames and unlinks in `directory` durable.
void sync_directory(const std::filesystem::path& directory);

/// Throws std::system_error of errno: "<what> <path>: <reason>".
[[noreturn]] void throw_errno(std::string_view what, const std::filesystem::path& path);

}  // namespace questclient::base
