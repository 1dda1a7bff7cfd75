// A folder for copies, outside the slot.
#pragma once

#include <filesystem>

namespace questclient::buffer {

/// Made below TMPDIR (else /tmp) when it is needed, for this user alone, and removed on destruction. Throws
/// Error{slot_io}, std::system_error.
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
