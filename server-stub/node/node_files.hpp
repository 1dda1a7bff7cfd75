// What a node keeps in its root beside log and tables: the lock, its memory of epochs, rescued tails.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "replication/replicator.hpp"

namespace questnode::node {

/// Names of everything below a node's root.
struct RootLayout {
  std::filesystem::path root;

  std::filesystem::path server_conf() const { return root / "server.conf"; }
  std::filesystem::path lock() const { return root / "questnode.lock"; }
  std::filesystem::path ready() const { return root / "questnode.json"; }
  std::filesystem::path state() const { return root / "node.state"; }
  std::filesystem::path wal() const { return root / "wal"; }
  std::filesystem::path tables() const { return root / "tables"; }
  std::filesystem::path rescue() const { return root / "rescue"; }
};

/// One process a root. Released with the process.
class RootLock {
 public:
  /// Throws std::runtime_error that names the holder's pid.
  explicit RootLock(const RootLayout& layout);

 private:
  base::File file_;
};

class FileNodeState final : public replication::NodeStateStore {
 public:
  explicit FileNodeState(const RootLayout& layout) : path_(layout.state()) {}
  /// Throws std::runtime_error for a file that cannot be understood, or of a newer format.
  replication::NodeState load() override;
  void save(const replication::NodeState& state) override;

 private:
  std::filesystem::path path_;
};

/// rescue/epoch-<e>-from-entry-<first>: the entries as they stood in the write-ahead log.
class FileRescue final : public replication::RescueStore {
 public:
  explicit FileRescue(const RootLayout& layout) : directory_(layout.rescue()) {}
  void rescue(std::uint64_t epoch, std::uint64_t first_entry,
              const std::vector<std::string>& entries) override;
  /// Names of the files that are kept, sorted.
  std::vector<std::string> files() const;

 private:
  std::filesystem::path directory_;
};

}  // namespace questnode::node
