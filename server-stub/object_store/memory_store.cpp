#include <map>
#include <mutex>

#include "object_store/key.hpp"
#include "object_store/object_store.hpp"

namespace questnode::object_store {
namespace {

class MemoryStore final : public ObjectStore {
 public:
  PutResult put(const std::string& key, std::string_view bytes, std::string&) override {
    require_valid_key(key);
    const std::lock_guard lock(mutex_);
    return objects_.try_emplace(key, bytes).second ? PutResult::written : PutResult::exists;
  }

  PutResult replace(const std::string& key, std::string_view bytes, std::string&) override {
    require_replaceable_key(key);
    const std::lock_guard lock(mutex_);
    objects_.insert_or_assign(key, std::string(bytes));
    return PutResult::written;
  }

  GetResult get(const std::string& key, std::string& bytes, std::string&) override {
    require_valid_key(key);
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return GetResult::absent;
    bytes = found->second;
    return GetResult::found;
  }

  std::vector<std::string> list(const std::string& prefix) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> keys;
    for (auto at = objects_.lower_bound(prefix); at != objects_.end() && at->first.starts_with(prefix);
         ++at) {
      keys.push_back(at->first);
    }
    return keys;
  }

  std::string describe() const override { return "memory"; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> objects_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_memory_store() {
  return std::make_unique<MemoryStore>();
}

}  // namespace questnode::object_store
