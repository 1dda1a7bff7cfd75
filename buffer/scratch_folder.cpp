#include "buffer/scratch_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include <questclient/error.hpp>

namespace questclient::buffer {

namespace fs = std::filesystem;

namespace {

fs::path temporary_folder() {
  const char* given = std::getenv("TMPDIR");
  return given != nullptr && *given != '\0' ? given : "/tmp";
}

}  // namespace

ScratchFolder::~ScratchFolder() {
  std::error_code unimportant;
  if (!path_.empty()) fs::remove_all(path_, unimportant);
}

const fs::path& ScratchFolder::emptied() {
  if (!path_.empty()) fs::remove_all(path_);
  const fs::path parent = temporary_folder();
  std::string pattern = (parent / "questclient-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw Error(
        ErrorCode::slot_io, Disposition::fix_and_resend,
        "What is damaged, or lies where nothing may be written, is looked at in a copy below TMPDIR, and "
        "no folder can be made in " +
            parent.string() + ": " + std::generic_category().message(errno) +
            ". Set TMPDIR to a folder with room for three times the segment.");
  path_ = pattern;
  return path_;
}

}  // namespace questclient::buffer
