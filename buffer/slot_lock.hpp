#pragma once

#include <filesystem>
#include <optional>

#include "base/file.hpp"

namespace questclient::buffer {

/// flock(2), exclusive, tried `attempts` times, 5 ms apart. False: it was refused, and errno tells why.
bool lock_patiently(const base::File& file, int attempts);

/// Holds a slot for this process: flock(2) on `.lock`, the pid written inside. Released on destruction and
/// when the process dies, however it dies.
class SlotLock {
 public:
  /// Throws Error{slot_locked} that names the pid, std::system_error.
  explicit SlotLock(const std::filesystem::path& slot);
  SlotLock(const SlotLock&) = delete;
  SlotLock& operator=(const SlotLock&) = delete;
  ~SlotLock();

  /// The process that holds the slot now.
  static std::optional<long> holder(const std::filesystem::path& slot);

 private:
  base::File file_;
};

}  // namespace questclient::buffer
