// The system calls by which this program changes the disk: to record them, or to let one of them fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace questclient::buffer {

struct DiskCall {
  enum class Kind { open, write, truncate, sync, sync_data, rename, remove, make_directory };

  Kind kind = Kind::open;
  std::string path;
  std::string target;        ///< Of a rename.
  std::size_t amount = 0;    ///< Of a write.
  std::uint64_t offset = 0;  ///< Of a write; UINT64_MAX: where the file stands.
};

/// What stands between this program and libc. Called from any thread.
class DiskListener {
 public:
  virtual ~DiskListener() = default;
  /// Answers as the system call does, usually with what `go` says; -1 with errno: it failed. `go` takes how
  /// much of a write is let through.
  virtual long handle(const DiskCall& call, const std::function<long(std::size_t)>& go) = 0;
};

/// From here on `listener` handles the calls that concern what is below `root`; nullptr: nobody does. Must be
/// called while no other thread makes such calls. The test program's own definitions take the place of
/// libc's functions everywhere in it, in SQLite and the standard library too.
void listen_to_disk(DiskListener* listener, const std::filesystem::path& root);

/// While it is on, what was written before seems to come from an earlier boot, as after a power cut.
void pretend_reboot(bool on);

}  // namespace questclient::buffer
