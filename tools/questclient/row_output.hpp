// Rows into a file or standard output.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace questclient::tool {

/// A file gets its name only when it is complete; until then ".part" stands behind it. Of a link, the file
/// that it leads to. What is no file (a device, a FIFO) is written as it stands.
class RowOutput {
 public:
  /// An empty path, or "-": standard output. Throws std::system_error, as every member does.
  explicit RowOutput(const std::filesystem::path& path);
  /// An unfinished file is removed.
  ~RowOutput();
  RowOutput(const RowOutput&) = delete;
  RowOutput& operator=(const RowOutput&) = delete;

  void write(std::string_view bytes);
  /// Rows as a slot holds them; one without a line end gets one.
  void write_rows(std::string_view payload, std::span<const std::uint32_t> row_lengths);
  /// Everything is in the file, under its name.
  void finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdout) std::fclose(file);
    }
  };
  [[noreturn]] void fail() const;

  bool replaces() const { return !part_.empty(); }

  std::filesystem::path path_;  // empty: standard output
  std::filesystem::path part_;  // empty: path_ itself is written
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace questclient::tool
