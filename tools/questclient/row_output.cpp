#include "row_output.hpp"

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace questclient::tool {

RowOutput::RowOutput(const std::filesystem::path& path) : path_(path == "-" ? "" : path) {
  if (path_.empty()) {
    file_.reset(stdout);
    return;
  }
  part_ = path_.string() + ".part";
  file_.reset(std::fopen(part_.c_str(), "wb"));
  if (!file_) fail();
}

void RowOutput::fail() const {
  const int reason = errno;
  throw std::system_error(
      reason, std::generic_category(),
      "cannot write " + (path_.empty() ? std::string("standard output") : part_.string()));
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
  if (path_.empty()) return;
  if (::fsync(::fileno(file_.get())) != 0) fail();
  file_.reset();
  std::filesystem::rename(part_, path_);
}

}  // namespace questclient::tool
