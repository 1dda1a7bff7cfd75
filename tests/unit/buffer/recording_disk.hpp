// What a machine finds on its disk after a power cut.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "disk_calls.hpp"

namespace questclient::buffer {

/// Knows of everything below a folder what surely is on the disk: of each file what it held when it was last
/// synced, of each directory the entries that it had when it was last synced. Whatever else happened may be
/// on the disk or not: sector by sector, and entry by entry, in any combination, for file systems promise no
/// order. Only that a rename is done or not done as a whole is relied upon. Syncing a new file does not sync
/// its name, and fdatasync(2) syncs no directory: POSIX promises neither.
class RecordingDisk final : public DiskListener {
 public:
  /// Path below the folder -> content; of what a cut left.
  using Left = std::map<std::string, std::string>;

  /// Everything that is there now counts as synced.
  explicit RecordingDisk(std::filesystem::path root, std::uint64_t seed = 1);
  ~RecordingDisk() override;

  /// Called in front of each change and of each sync, in the thread that makes it: the instants at which a
  /// cut shows something new.
  void at_each_instant(std::function<void()> instant) { instant_ = std::move(instant); }
  /// The disk lies: it does not sync directories.
  void ignore_directory_syncs() { ignores_directories_ = true; }

  Left cut();
  /// Whether a cut leaves this file as it is, under its name.
  bool is_synced(const std::filesystem::path& file);
  /// Waits until something changed or was synced and `reached` holds.
  void await(const std::function<bool()>& reached);

  long handle(const DiskCall& call, const std::function<long(std::size_t)>& go) override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using FileId = std::size_t;
  static constexpr FileId kDirectory = 0;

  struct File {
    std::string synced;
    std::optional<std::string> last;  ///< What it held when it lost its name.
  };
  /// Of directory entries. `from` is empty for a creation, `to` for a removal.
  struct Change {
    std::string from;
    std::string to;
    FileId file = kDirectory;
    std::string unsynced;  ///< The directory that has to be synced; empty: it was.
    std::uint64_t number = 0;
  };

  void scan();
  std::string now_in(const std::string& path, FileId file) const;
  void note(std::string from, std::string to, FileId file);
  void happened();
  long sync_file(const std::string& path, const std::function<long(std::size_t)>& go);
  long sync_directory(const std::string& path, const std::function<long(std::size_t)>& go);
  static void apply(const Change& change, std::map<std::string, FileId>& names);
  std::string torn(const std::string& path, FileId file);

  const std::string root_;
  std::function<void()> instant_;
  bool ignores_directories_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  base::SeededRandom random_;
  std::vector<File> files_{1};
  std::map<std::string, FileId> names_;  ///< As they are.
  std::map<std::string, FileId> base_;   ///< As they surely are on the disk, but for changes_.
  std::deque<Change> changes_;
  std::uint64_t last_change_ = 0;
  std::uint64_t events_ = 0;
};

/// Makes a folder of it.
void lay_out(const RecordingDisk::Left& left, const std::filesystem::path& folder);

}  // namespace questclient::buffer
