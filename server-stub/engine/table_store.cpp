#include "engine/table_store.hpp"

#include <algorithm>
#include <fcntl.h>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>

#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "engine/names.hpp"
#include "engine/table_file.hpp"

namespace questnode::engine {
namespace {

constexpr std::string_view kCatalogFile = "catalog";
/// Each holds three descriptors and its page cache.
constexpr std::size_t kMaxOpenTables = 32;

/// The writers of the tables used last.
class Writers {
 public:
  explicit Writers(std::filesystem::path directory) : directory_(std::move(directory)) {}

  TableWriter& get(const std::string& file) {
    const auto at = std::ranges::find(open_, file, &Open::file);
    if (at != open_.end()) {
      open_.splice(open_.begin(), open_, at);
      return *open_.front().writer;
    }
    if (open_.size() >= kMaxOpenTables) open_.pop_back();
    open_.push_front({file, std::make_unique<TableWriter>(directory_, file)});
    return *open_.front().writer;
  }

 private:
  struct Open {
    std::string file;
    std::unique_ptr<TableWriter> writer;
  };
  std::filesystem::path directory_;
  std::list<Open> open_;  // the one used last first
};

class SqliteTableStore final : public TableStore {
 public:
  explicit SqliteTableStore(const std::filesystem::path& directory)
      : directory_(directory), writers_(directory) {
    std::filesystem::create_directories(directory_);
    if (const auto bytes = base::read_file(directory_ / kCatalogFile)) {
      try {
        working_ = ClusterState::deserialize(*bytes);
      } catch (const std::exception& error) {
        throw std::runtime_error((directory_ / kCatalogFile).string() + ": " + error.what() +
                                 ". Restore the directory from a copy");
      }
    }
    state_ = working_;
  }

  ClusterState state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  std::uint64_t applied() const override {
    const std::lock_guard lock(mutex_);
    return state_.number();
  }
  void apply(const std::vector<Entry>& entries) override;
  std::uint64_t checkpoint() override;

 private:
  using Changes = std::map<std::string, std::vector<TableChange>>;  // key: TableSchema::file
  Changes advance(const std::vector<Entry>& entries);

  std::filesystem::path directory_;
  Writers writers_;
  std::set<std::string> unsynced_;  // files changed since the last checkpoint
  ClusterState working_;            // the applying thread's own
  bool broken_ = false;             // a sync failed: the kernel has forgotten which pages it could not write
  mutable std::mutex mutex_;
  ClusterState state_;  // what is visible
};

/// Checks the entries against the state before any table is touched.
SqliteTableStore::Changes SqliteTableStore::advance(const std::vector<Entry>& entries) {
  Changes changes;
  for (const Entry& entry : entries) {
    if (entry.number <= working_.number()) continue;
    if (entry.number != working_.number() + 1)
      throw std::logic_error("entry " + std::to_string(entry.number) + " does not follow " +
                             std::to_string(working_.number()) + ", which was applied last");
    working_.apply(entry);
    for (const TableTransaction& transaction : entry.tables) {
      const TableSchema* const schema = working_.table(transaction.new_name.value_or(transaction.table));
      changes[schema->file].push_back({entry.number, &transaction});
    }
  }
  return changes;
}

void SqliteTableStore::apply(const std::vector<Entry>& entries) {
  try {
    for (const auto& [file, list] : advance(entries)) {
      unsynced_.insert(file);
      writers_.get(file).apply(list);
      base::kill_point("table_store.after_table");
    }
  } catch (...) {
    working_ = state();
    throw;
  }
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries)
    if (entry.number > state_.number()) state_.apply(entry);
}

// What SQLite has moved from a -wal file into its table it has synced; the rest is synced here. The table's
// own file must not be opened beside SQLite: closing it would drop SQLite's POSIX locks.
std::uint64_t SqliteTableStore::checkpoint() {
  if (broken_) throw std::runtime_error("a sync of the tables failed before: start the node again");
  broken_ = true;  // until the syncs end well
  for (const std::string& file : unsynced_) {
    const std::filesystem::path log = (directory_ / table_file_name(file)).string() + "-wal";
    if (!std::filesystem::exists(log)) continue;
    base::File(log, O_RDWR).sync_data();
    base::kill_point("table_store.after_sync");
  }
  if (!unsynced_.empty()) base::sync_directory(directory_);
  broken_ = false;
  base::kill_point("table_store.before_catalog");
  base::replace_file(directory_ / kCatalogFile, working_.serialize());
  base::kill_point("table_store.after_catalog");
  unsynced_.clear();
  return working_.number();
}

}  // namespace

std::unique_ptr<TableStore> TableStore::open(const std::filesystem::path& directory) {
  return std::make_unique<SqliteTableStore>(directory);
}

}  // namespace questnode::engine
