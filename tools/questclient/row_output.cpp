#include "row_output.hpp"

#include <cerrno>
#include <system_error>
#include <unistd.h>

#include "cli/program.hpp"

namespace questclient::tool {
namespace {

namespace fs = std::filesystem;

/// REQUIRES: no circle of links. What the last one names need not exist.
fs::path behind_links(fs::path path) {
  while (fs::is_symlink(path)) path = path.parent_path() / fs::read_symlink(path);
  return path;
}

}  // namespace

RowOutput::RowOutput(const fs::path& path) : path_(path == "-" ? "" : path) {
  if (path_.empty()) {
    file_.reset(stdout);
    return;
  }
  const fs::file_status there = fs::status(path_);
  if (!fs::exists(there) || fs::is_regular_file(there)) {
    path_ = behind_links(path_);
    part_ = path_.string() + ".part";
  }
  file_.reset(std::fopen((replaces() ? part_ : path_).c_str(), "wb"));
  if (!file_) fail();
}

RowOutput::~RowOutput() {
  std::error_code unimportant;
  if (file_ && replaces()) fs::remove(part_, unimportant);
}

void RowOutput::fail() const {
  const int reason = errno;
  if (path_.empty()) throw cli::OutputError(reason);
  throw std::system_error(reason, std::generic_category(),
                          "cannot write " + (replaces() ? part_ : path_).string());
}

void RowOutput::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail();
}

void RowOutput::write_rows(std::string_view payload, std::span<const std::uint32_t> row_lengths) {
  for (const std::uint32_t length : row_lengths) {
    const std::string_view row = payload.substr(0, length);
    write(row);
    if (!row.ends_with('\n')) write("\n");
    payload.remove_prefix(row.size());
  }
}

void RowOutput::finish() {
  if (std::fflush(file_.get()) != 0) fail();
  if (!replaces()) return;
  if (::fsync(::fileno(file_.get())) != 0) fail();
  fs::rename(part_, path_);
  file_.reset();
}

}  // namespace questclient::tool
