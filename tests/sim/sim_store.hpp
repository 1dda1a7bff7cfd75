// The object store in virtual time: slow, lossy, sometimes late, but put-if-absent holds.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "object_store/object_store.hpp"
#include "replication/replicator.hpp"
#include "sim/world.hpp"

namespace questclient::sim {

class SimStore {
 public:
  explicit SimStore(World& world) : world_(world) {}

  void put(const std::string& key, const std::string& bytes,
           std::function<void(questnode::replication::PutDone)> done);
  void get(const std::string& key, std::function<void(questnode::replication::GotObject)> done);

  /// From now on every call is answered, quickly and truly; late writes still land.
  void heal() { healthy_ = true; }

  /// The entries of the cluster's log in order, as the protocol defines it: epoch by epoch, each up to its
  /// SEAL.
  std::vector<std::string> log() const;
  /// Every object as (key, bytes), for checks.
  const std::map<std::string, std::string>& objects() const { return objects_; }

 private:
  bool write(const std::string& key, const std::string& bytes);

  World& world_;
  std::map<std::string, std::string> objects_;
  bool healthy_ = false;
};

}  // namespace questclient::sim
