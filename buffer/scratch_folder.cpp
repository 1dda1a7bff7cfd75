#include "buffer/scratch_folder.hpp"

#include <cstdlib>
#include <string>

#include "base/file.hpp"

namespace questclient::buffer {

namespace fs = std::filesystem;

ScratchFolder::~ScratchFolder() {
  std::error_code unimportant;
  if (!path_.empty()) fs::remove_all(path_, unimportant);
}

const fs::path& ScratchFolder::emptied() {
  if (!path_.empty()) fs::remove_all(path_);
  std::string pattern = (fs::temp_directory_path() / "questclient-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    base::throw_errno("a damaged segment is looked at in a copy; cannot make", pattern);
  path_ = pattern;
  return path_;
}

}  // namespace questclient::buffer
