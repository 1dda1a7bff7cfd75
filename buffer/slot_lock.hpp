#pragma once

#include <filesystem>
#include <mutex>
#include <optional>

#include "base/file.hpp"

namespace questclient::buffer {

/// flock(2), exclusive, tried `attempts` times, 5 ms apart. False: it was refused, and errno tells why.
bool lock_patiently(const base::File& file, int attempts);

/// Holds a slot for this process: flock(2) on `.lock`, the pid written inside, and on the slot's folder,
/// which stays locked when somebody deletes the `.lock`. Released on destruction and when the process dies,
/// however it dies. Thread-safe.
class SlotLock {
 public:
  /// Throws Error{slot_locked} that names the pid, std::system_error.
  explicit SlotLock(const std::filesystem::path& slot);
  SlotLock(const SlotLock&) = delete;
  SlotLock& operator=(const SlotLock&) = delete;
  ~SlotLock();

  /// To be called before files of the slot are changed: what is found under its name may be another folder by
  /// now. A `.lock` that was deleted is made anew. Throws Error{slot_io}: the slot is not held any more.
  void require_held();

  /// The process that holds the slot now.
  static std::optional<long> holder(const std::filesystem::path& slot);

 private:
  void lock_folder();
  /// False: somebody else has it.
  bool take_file();
  [[noreturn]] void refuse() const;

  const std::filesystem::path slot_;
  base::File folder_;
  bool folder_is_locked_ = false;
  std::mutex mutex_;  ///< Of what follows.
  base::File file_;
};

}  // namespace questclient::buffer
