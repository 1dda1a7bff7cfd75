// Objects as files of one directory tree, on a local file system or NFS.
#pragma once

#include <mutex>
#include <string>
#include <sys/types.h>
#include <unordered_set>

#include "namespace.hpp"
#include "object_store/connection.hpp"
#include "object_store/object_store.hpp"

namespace questnode::object_store {

/// Numbered rules: README.md. Thread-safe, also between processes and hosts that share the directory.
class FsStore final : public ObjectStore {
 public:
  /// Creates what is missing and removes temporary files that dead writers left. Throws std::system_error,
  /// or std::runtime_error when the two directories lie on different file systems.
  explicit FsStore(FsConnection connection);

  PutResult put(const std::string& key, std::string_view bytes, std::string& why) override;
  PutResult replace(const std::string& key, std::string_view bytes, std::string& why) override;
  GetResult get(const std::string& key, std::string& bytes, std::string& why) override;
  std::vector<std::string> list(const std::string& prefix) override;
  std::string describe() const override;

 private:
  std::filesystem::path path_of(const std::string& key) const { return root_ / key; }
  PutResult put_new(const std::string& key, std::string_view bytes, std::string& why);
  /// Makes every directory from the root down to `directory` exist durably.
  void prepare_directory(const std::filesystem::path& directory);
  void forget_directories();
  /// Another file system under the same path (an unmount) must not pass for an empty store.
  void require_same_root() const;
  bool was_reported(const std::string& key) const;
  void remember_reported(const std::string& key);

  std::filesystem::path root_;
  std::filesystem::path scratch_;
  dev_t root_device_ = 0;
  ino_t root_inode_ = 0;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> durable_directories_;
  std::unordered_set<std::string> reported_;  ///< Keys whose directory was synced after they appeared.
};

}  // namespace questnode::object_store
