#include "recording_disk.hpp"

#include <algorithm>
#include <fstream>

#include "base/file.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSectorBytes = 512;

std::string bytes_in(const fs::path& file) {
  return base::read_file(file).value_or("");
}

std::string parent_of(const std::string& path) {
  return fs::path(path).parent_path().string();
}

}  // namespace

RecordingDisk::RecordingDisk(fs::path root, std::uint64_t seed) : root_(root.string()), random_(seed) {
  scan();
  for (const auto& [path, file] : names_)
    if (file != kDirectory) files_[file].synced = bytes_in(path);
  base_ = names_;
  changes_.clear();
  listen_to_disk(this, root_);
}

RecordingDisk::~RecordingDisk() {
  listen_to_disk(nullptr, {});
}

// Creations are found by looking, at the latest when something else happens to the name.
void RecordingDisk::scan() {
  std::error_code vanished;
  for (auto entry = fs::recursive_directory_iterator(root_, vanished);
       !vanished && entry != fs::recursive_directory_iterator(); entry.increment(vanished)) {
    const std::string path = entry->path().string();
    // SQLite's index of a log is made anew after a cut.
    if (names_.contains(path) || path.ends_with("-shm")) continue;
    FileId file = kDirectory;
    if (!entry->is_directory()) {
      file = files_.size();
      files_.emplace_back();
    }
    names_[path] = file;
    note("", path, file);
  }
}

void RecordingDisk::note(std::string from, std::string to, FileId file) {
  Change change{std::move(from), std::move(to), file, {}, ++last_change_};
  // A rename is done as a whole: when its new name is on the disk, the old one is gone.
  change.unsynced = parent_of(change.to.empty() ? change.from : change.to);
  changes_.push_back(std::move(change));
}

std::string RecordingDisk::now_in(const std::string& path, FileId file) const {
  if (files_[file].last) return *files_[file].last;
  // Its name may be another one than in the state that is made up.
  if (const auto at = names_.find(path); at != names_.end() && at->second == file) return bytes_in(path);
  const auto at =
      std::find_if(names_.begin(), names_.end(), [&](const auto& name) { return name.second == file; });
  return at == names_.end() ? std::string() : bytes_in(at->first);
}

void RecordingDisk::happened() {
  ++events_;
  changed_.notify_all();
}

long RecordingDisk::handle(const DiskCall& call, const std::function<long(std::size_t)>& go) {
  const bool is_sync = call.kind == DiskCall::Kind::sync || call.kind == DiskCall::Kind::sync_data;
  const bool renames = call.kind == DiskCall::Kind::rename;
  if (!is_sync && !renames && call.kind != DiskCall::Kind::remove) return go(call.amount);
  if (call.path.ends_with("-shm")) return go(call.amount);
  if (instant_) instant_();
  if (is_sync && fs::is_directory(call.path))
    return call.kind == DiskCall::Kind::sync ? sync_directory(call.path, go) : go(0);
  if (is_sync) return sync_file(call.path, go);
  const Lock lock(mutex_);
  scan();
  const auto at = names_.find(call.path);
  const FileId file = at == names_.end() ? kDirectory : at->second;
  const bool known = at != names_.end();
  // The content of what goes is taken while there is a name for it.
  const auto goes = renames ? names_.find(call.target) : at;
  const FileId gone = goes == names_.end() ? kDirectory : goes->second;
  std::optional<std::string> last;
  if (gone != kDirectory) last = bytes_in(goes->first);
  const long result = go(0);
  if (result == 0 && known) {
    if (gone != kDirectory) files_[gone].last = std::move(last);
    names_.erase(call.path);
    if (renames) names_[call.target] = file;
    note(call.path, call.target, file);
  }
  happened();
  return result;
}

long RecordingDisk::sync_file(const std::string& path, const std::function<long(std::size_t)>& go) {
  FileId file = kDirectory;
  std::string content;
  {
    const Lock lock(mutex_);
    scan();
    const auto at = names_.find(path);
    if (at == names_.end()) return go(0);
    file = at->second;
    // What is written while the sync runs may or may not be in it: only what was there before surely is.
    content = bytes_in(path);
  }
  const long result = go(0);
  const Lock lock(mutex_);
  if (result == 0) files_[file].synced = std::move(content);
  happened();
  return result;
}

long RecordingDisk::sync_directory(const std::string& path, const std::function<long(std::size_t)>& go) {
  std::uint64_t newest = 0;
  {
    const Lock lock(mutex_);
    scan();
    newest = last_change_;
  }
  const long result = go(0);
  const Lock lock(mutex_);
  if (result == 0 && !ignores_directories_)
    for (Change& change : changes_)
      if (change.number <= newest && change.unsynced == path) change.unsynced.clear();
  while (!changes_.empty() && changes_.front().unsynced.empty()) {
    apply(changes_.front(), base_);
    changes_.pop_front();
  }
  happened();
  return result;
}

// A name that meanwhile stands for another file is left alone.
void RecordingDisk::apply(const Change& change, std::map<std::string, FileId>& names) {
  if (const auto at = names.find(change.from); at != names.end() && at->second == change.file)
    names.erase(at);
  if (!change.to.empty()) names[change.to] = change.file;
}

// Unsynced sectors are there or not, each by chance.
std::string RecordingDisk::torn(const std::string& path, FileId file) {
  const std::string now = now_in(path, file);
  std::string left = files_[file].synced;
  if (left == now) return left;
  const std::size_t longest = std::max(now.size(), left.size());
  const std::size_t unsynced_sectors = (longest - left.size()) / kSectorBytes;
  const std::size_t size = now.size() <= left.size()
                               ? left.size()
                               : left.size() + random_.below(unsynced_sectors + 1) * kSectorBytes;
  left.resize(size, '\0');
  const std::uint64_t kept_of_eight = random_.below(9);
  for (std::size_t at = 0; at < std::min(size, now.size()); at += kSectorBytes)
    if (random_.below(8) < kept_of_eight)
      left.replace(at, std::min(kSectorBytes, left.size() - at), now, at,
                   std::min(kSectorBytes, left.size() - at));
  return left;
}

RecordingDisk::Left RecordingDisk::cut() {
  const Lock lock(mutex_);
  scan();
  std::map<std::string, FileId> names = base_;
  const std::uint64_t done_of_eight = random_.below(9);
  for (const Change& change : changes_)
    if (change.unsynced.empty() || random_.below(8) < done_of_eight) apply(change, names);
  Left left;
  for (const auto& [path, file] : names) {
    bool reachable = true;
    for (std::string folder = parent_of(path); folder.size() > root_.size(); folder = parent_of(folder))
      reachable = reachable && names.contains(folder);
    if (!reachable) continue;
    const std::string below = path.substr(root_.size() + 1);
    left[file == kDirectory ? below + "/" : below] = file == kDirectory ? "" : torn(path, file);
  }
  return left;
}

bool RecordingDisk::is_synced(const fs::path& file) {
  const Lock lock(mutex_);
  scan();
  const std::string path = file.string();
  const auto at = names_.find(path);
  if (at == names_.end() || files_[at->second].synced != bytes_in(path)) return false;
  return std::none_of(changes_.begin(), changes_.end(), [&](const Change& change) {
    const bool concerns = change.to == path || path.starts_with(change.to + "/");
    return concerns && !change.to.empty() && !change.unsynced.empty();
  });
}

void RecordingDisk::await(const std::function<bool()>& reached) {
  std::uint64_t seen = 0;
  for (;;) {
    {
      const Lock lock(mutex_);
      seen = events_;
    }
    if (reached()) return;
    Lock lock(mutex_);
    changed_.wait(lock, [&] { return events_ != seen; });
  }
}

void lay_out(const RecordingDisk::Left& left, const fs::path& folder) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const auto& [path, content] : left) {
    fs::create_directories((folder / path).parent_path());
    if (!path.ends_with('/')) std::ofstream(folder / path, std::ios::binary) << content;
  }
}

}  // namespace questclient::buffer
