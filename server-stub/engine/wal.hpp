// The node's write-ahead log: entries in order, and marks that tell how far they stand in the cluster's log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "namespace.hpp"

namespace questnode::engine {

/// Entries up to `through` are in the cluster's log; the last of them in record (epoch, seq) with this hash.
struct LogMark {
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  base::Sha256 hash{};
  std::uint64_t through = 0;

  bool operator==(const LogMark&) const = default;
};

struct WalOptions {
  std::filesystem::path directory;
  std::uint64_t segment_bytes = 64ULL << 20;     ///< cairo.wal.segment.rollover.size
  std::uint64_t tail_cache_bytes = 32ULL << 20;  ///< Newest entries kept in memory for read().
  /// Makes a segment durable; tests replace it by a disk that fails.
  std::function<void(base::File&)> sync_file = [](base::File& file) { file.sync_data(); };
};

/// Thread-safe. One thread appends, one syncs, any read. After a failed sync nothing can be appended or
/// synced any more (the kernel has forgotten which pages it could not write): the node must be started again.
class Wal {
 public:
  /// Reads what is there; a torn last write is cut off. Throws std::system_error, or std::runtime_error that
  /// names file and offset when complete entries in the middle are damaged.
  static std::unique_ptr<Wal> open(const WalOptions& options);
  virtual ~Wal() = default;

  /// To the page cache: on return it survives the process. When it throws, nothing was appended, and it may
  /// be tried again. REQUIRES: number == last() + 1.
  virtual void append(std::uint64_t number, std::string entry) = 0;
  /// Returns the number up to which everything is synced now. Blocks for the disk.
  virtual std::uint64_t sync() = 0;

  virtual std::uint64_t first() const = 0;  ///< Oldest entry kept; last() + 1 when empty.
  virtual std::uint64_t last() const = 0;
  virtual std::uint64_t synced() const = 0;

  /// Entries from `from` on up to `through`: at least one if there is any, and as many as fit into
  /// `max_bytes`. Throws std::out_of_range when `from` was purged.
  virtual std::vector<std::string> read(std::uint64_t from, std::uint64_t through,
                                        std::size_t max_bytes) const = 0;

  /// Remembers the mark; a mark lost in a power cut is found again from the log. REQUIRES: mark.through <=
  /// last().
  virtual void mark(const LogMark& mark) = 0;
  virtual std::optional<LogMark> last_mark() const = 0;

  /// Drops the entries after `number` for good, and the marks that speak of them. Durable on return.
  /// REQUIRES: number + 1 >= first().
  virtual void truncate_after(std::uint64_t number) = 0;
  /// Entries up to `number` are not needed any more; whole segments are unlinked.
  virtual void purge_through(std::uint64_t number) = 0;

  /// For the node's log: what open() cut off the end and why; empty: nothing.
  virtual std::string recovery_note() const { return {}; }
};

}  // namespace questnode::engine
