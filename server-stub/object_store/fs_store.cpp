#include "object_store/fs_store.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/file.hpp"
#include "object_store/key.hpp"
#include "object_store/temporary_file.hpp"

namespace questnode::object_store {
namespace {

namespace fs = std::filesystem;

/// Bounds the memory of reported keys; forgetting one costs a directory sync, nothing else.
constexpr std::size_t kMaxReported = 16384;

struct stat stat_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) base::throw_errno("cannot stat", path);
  return status;
}

/// mkdir, durable on return; a directory that exists is made durable too, its creator may have died.
void make_directory(const fs::path& directory) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    base::throw_errno("cannot create directory", directory);
  }
  base::sync_directory(directory.parent_path());
}

void make_missing_directories(const fs::path& directory) {
  if (fs::is_directory(directory)) return;
  if (directory.has_parent_path() && directory.parent_path() != directory) {
    make_missing_directories(directory.parent_path());
  }
  make_directory(directory);
}

std::optional<base::File> open_if_there(const fs::path& path) {
  try {
    return base::File(path, O_RDONLY);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::no_such_file_or_directory) return std::nullopt;
    throw;
  }
}

}  // namespace

FsStore::FsStore(FsConnection connection)
    : root_(fs::absolute(connection.root).lexically_normal()),
      scratch_(fs::absolute(connection.atomic_write_dir).lexically_normal()) {
  if (!root_.has_filename()) root_ = root_.parent_path();
  if (!scratch_.has_filename()) scratch_ = scratch_.parent_path();
  make_missing_directories(root_);
  make_missing_directories(scratch_);
  const struct stat root = stat_of(root_);
  if (root.st_dev != stat_of(scratch_).st_dev) {
    throw std::runtime_error("replication.object.store: atomic_write_dir " + scratch_.string() +
                             " is not on the file system of root " + root_.string() +
                             ": an object cannot be linked from one to the other");
  }
  root_device_ = root.st_dev;
  root_inode_ = root.st_ino;
  remove_stale_temporary_files(scratch_);
}

PutResult FsStore::put(const std::string& key, std::string_view bytes, std::string& why) {
  require_valid_key(key);
  try {
    return put_new(key, bytes, why);
  } catch (const std::runtime_error& error) {
    why = error.what();
    return PutResult::unknown;
  }
}

PutResult FsStore::put_new(const std::string& key, std::string_view bytes, std::string& why) {
  require_same_root();
  const fs::path target = path_of(key);
  const TemporaryFile file(scratch_, bytes);
  prepare_directory(target.parent_path());
  int error = file.link_to(target);
  if (error == ENOENT) {  // Somebody removed a directory that this store knew.
    forget_directories();
    prepare_directory(target.parent_path());
    error = file.link_to(target);
  }
  if (error == EEXIST) return PutResult::exists;
  if (error != 0) {
    why = "cannot link " + target.string() + ": " + std::generic_category().message(error);
    return PutResult::unknown;
  }
  base::sync_directory(target.parent_path());
  remember_reported(key);
  return PutResult::written;
}

PutResult FsStore::replace(const std::string& key, std::string_view bytes, std::string& why) {
  require_replaceable_key(key);
  try {
    require_same_root();
    const fs::path target = path_of(key);
    const TemporaryFile file(scratch_, bytes);
    prepare_directory(target.parent_path());
    if (::rename(file.path().c_str(), target.c_str()) != 0) base::throw_errno("cannot rename to", target);
    base::sync_directory(target.parent_path());
    return PutResult::written;
  } catch (const std::runtime_error& error) {
    why = error.what();
    return PutResult::unknown;
  }
}

GetResult FsStore::get(const std::string& key, std::string& bytes, std::string& why) {
  require_valid_key(key);
  const fs::path path = path_of(key);
  try {
    const std::optional<base::File> file = open_if_there(path);
    if (!file) {
      require_same_root();
      return GetResult::absent;
    }
    const std::uint64_t size = file->size();
    bytes = file->read_at(0, size);
    if (bytes.size() != size) throw std::runtime_error("cannot read all of " + path.string());
    if (!was_reported(key)) {
      // Its writer may have died between link and sync; a reader must not be ahead of the store.
      prepare_directory(path.parent_path());
      base::sync_directory(path.parent_path());
      remember_reported(key);
    }
    return GetResult::found;
  } catch (const std::runtime_error& error) {
    why = error.what();
    return GetResult::unknown;
  }
}

std::vector<std::string> FsStore::list(const std::string& prefix) {
  std::vector<std::string> keys;
  const std::size_t slash = prefix.rfind('/');
  const fs::path start = slash == std::string::npos ? root_ : root_ / prefix.substr(0, slash);
  std::error_code ignored;  // Files may vanish while they are listed.
  fs::recursive_directory_iterator at(start, ignored);
  for (; !ignored && at != fs::recursive_directory_iterator(); at.increment(ignored)) {
    if (at->path() == scratch_) {
      at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file(ignored)) continue;
    std::string key = at->path().lexically_relative(root_).generic_string();
    if (key.starts_with(prefix)) keys.push_back(std::move(key));
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::string FsStore::describe() const {
  return "fs:" + root_.string();
}

void FsStore::prepare_directory(const fs::path& directory) {
  if (directory == root_) return;
  {
    const std::lock_guard lock(mutex_);
    if (durable_directories_.contains(directory.string())) return;
  }
  prepare_directory(directory.parent_path());
  make_directory(directory);
  const std::lock_guard lock(mutex_);
  if (durable_directories_.size() >= kMaxReported) durable_directories_.clear();
  durable_directories_.insert(directory.string());
}

void FsStore::forget_directories() {
  const std::lock_guard lock(mutex_);
  durable_directories_.clear();
  reported_.clear();
}

void FsStore::require_same_root() const {
  const struct stat now = stat_of(root_);
  if (now.st_dev != root_device_ || now.st_ino != root_inode_) {
    throw std::runtime_error(root_.string() +
                             " is another directory now than when it was opened (unmounted?)");
  }
}

bool FsStore::was_reported(const std::string& key) const {
  if (is_replaceable_key(key)) return false;
  const std::lock_guard lock(mutex_);
  return reported_.contains(key);
}

void FsStore::remember_reported(const std::string& key) {
  if (is_replaceable_key(key)) return;
  const std::lock_guard lock(mutex_);
  if (reported_.size() >= kMaxReported) reported_.clear();
  reported_.insert(key);
}

std::unique_ptr<ObjectStore> open_object_store(std::string_view connection) {
  return std::make_unique<FsStore>(parse_fs_connection(connection));
}

}  // namespace questnode::object_store
