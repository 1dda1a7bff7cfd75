// A folder for copies, outside the slot.
#pragma once

#include <filesystem>

namespace questclient::buffer {

/// Made below the system's temporary folder (TMPDIR) when it is needed, for this user alone, and removed on
/// destruction. Throws std::system_error.
class ScratchFolder {
 public:
  ScratchFolder() = default;
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  /// The folder, with nothing in it.
  const std::filesystem::path& emptied();

 private:
  std::filesystem::path path_;
};

}  // namespace questclient::buffer
