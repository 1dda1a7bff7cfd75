// Objects that are written once. The cluster's only shared memory.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace questnode::object_store {

enum class PutResult {
  written,  ///< It is there, durable, and it was this call.
  exists,   ///< Somebody wrote it before (perhaps an earlier attempt of ours).
  unknown,  ///< Timeout or a failure on the way: it may or may not be there. Ask with get.
};

enum class GetResult { found, absent, unknown };

/// Thread-safe. Every call blocks for the store. Keys are '/'-separated, without leading slash.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Put-if-absent. `written` means durable and visible to every reader.
  virtual PutResult put(const std::string& key, std::string_view bytes, std::string& why) = 0;
  /// Overwrites; only for nodes/<name>, which one node alone writes.
  virtual PutResult replace(const std::string& key, std::string_view bytes, std::string& why) = 0;
  /// `found` means that the object is durable too (fs: the directory is synced before it is reported).
  virtual GetResult get(const std::string& key, std::string& bytes, std::string& why) = 0;
  /// Keys below `prefix`, for people and tools; never needed for correctness.
  virtual std::vector<std::string> list(const std::string& prefix) = 0;
  /// For messages: "fs:/srv/store".
  virtual std::string describe() const = 0;
};

/// "fs::root=/mnt/x/final;atomic_write_dir=/mnt/x/scratch;". Throws std::runtime_error that names the key.
std::unique_ptr<ObjectStore> open_object_store(std::string_view connection);

/// In memory, for tests.
std::unique_ptr<ObjectStore> make_memory_store();

/// Writes a probe twice: the second put must say `exists`, and the bytes must be the first's. Throws
/// std::runtime_error that says what the store got wrong. A store that lies would let two primaries win.
void require_put_if_absent(ObjectStore& store, std::string_view node_name, std::string_view nonce);

}  // namespace questnode::object_store
