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

/// A file gets its name only when it is complete; until then ".part" stands behind it.
class RowOutput {
 public:
  /// An empty path, or "-": standard output. Throws std::system_error, as every member does.
  explicit RowOutput(const std::filesystem::path& path);

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

  std::filesystem::path path_;
  std::filesystem::path part_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace questclient::tool
