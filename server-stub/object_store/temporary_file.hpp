// The files in which objects are written before they get their name.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/file.hpp"
#include "namespace.hpp"

namespace questnode::object_store {

/// A synced file under a name that nobody else uses; unlinked on destruction.
class TemporaryFile {
 public:
  /// Throws std::system_error.
  TemporaryFile(const std::filesystem::path& directory, std::string_view bytes);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  using LinkCall = int (*)(const char*, const char*);
  /// Gives the file a second, final name unless that is taken. 0, or the errno of link(2); over NFS the
  /// call can fail although it linked, which counts as success. `call`: link(2), or a test's failing one.
  int link_to(const std::filesystem::path& target, LinkCall call = nullptr) const;

 private:
  std::filesystem::path path_;
  base::File file_;
};

/// Removes the temporary files of this host's dead processes, and those of other hosts once they are a day
/// old. Anything that TemporaryFile did not name is left alone.
void remove_stale_temporary_files(const std::filesystem::path& directory);

}  // namespace questnode::object_store
