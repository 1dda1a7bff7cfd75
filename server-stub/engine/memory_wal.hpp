// A WAL in memory whose power can be cut: what the simulation gives its nodes.
#pragma once

#include <deque>
#include <mutex>

#include "engine/wal.hpp"

namespace questnode::engine {

/// Behaves as the WAL on disk does; "closing and opening again" is power_cut() or process_kill().
class MemoryWal final : public Wal {
 public:
  void append(std::uint64_t number, std::string entry) override;
  std::uint64_t sync() override;
  std::uint64_t first() const override;
  std::uint64_t last() const override;
  std::uint64_t synced() const override;
  std::vector<std::string> read(std::uint64_t from, std::uint64_t through,
                                std::size_t max_bytes) const override;
  void mark(const LogMark& mark) override;
  std::optional<LogMark> last_mark() const override;
  void truncate_after(std::uint64_t number) override;
  void purge_through(std::uint64_t number) override;

  /// Drops what was not synced, marks too, but for the first `lucky` of those entries: the disk had them.
  void power_cut(std::uint64_t lucky = 0);
  /// Keeps everything; as after opening again, all of it is synced.
  void process_kill();
  /// From now on sync() throws, and nothing can be appended: a failing disk. Ends with the next power cut or
  /// kill.
  void fail_syncs();

 private:
  struct MarkAt {
    LogMark mark;
    std::uint64_t behind = 0;  ///< The entry behind which it stands.
    bool synced = false;
  };
  void refuse_if_broken() const;
  void drop_after(std::uint64_t number);

  mutable std::mutex mutex_;
  std::deque<std::string> entries_;
  std::uint64_t first_ = 1;
  std::uint64_t synced_ = 0;
  std::vector<MarkAt> marks_;
  bool broken_ = false;
};

}  // namespace questnode::engine
