// A disk on which calls fail on demand, or that is full.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "disk_calls.hpp"

namespace questclient::buffer {

enum class Operation { write, short_write, sync, open, rename, remove };

class FailingDisk final : public DiskListener {
 public:
  /// What is let through goes to `next`, if there is one.
  explicit FailingDisk(std::filesystem::path root, DiskListener* next = nullptr);
  ~FailingDisk() override;

  /// The operation number `after` (from 0) fails with `error`, and `times` - 1 that follow. A short write
  /// writes half of what it should. `only_logs`: of the segments' write-ahead logs, so that the maintenance
  /// thread does not take the blow.
  void fail(Operation operation, int after, int error, int times = 1, bool only_logs = false);
  void heal();
  /// Whether something failed since the last call.
  bool fired() { return fired_.exchange(false); }
  /// Syncs of files whose sync had failed.
  int syncs_after_failure() const { return syncs_after_failure_; }
  /// Everything together takes at most so many bytes.
  void hold_at_most(std::uint64_t bytes) { room_ = bytes; }
  /// Bytes of everything together.
  std::uint64_t held() const;

  long handle(const DiskCall& call, const std::function<long(std::size_t)>& go) override;

 private:
  struct Fault {
    Operation operation;
    int error;
  };

  std::optional<Fault> hits(const DiskCall& call);
  long go_on(const DiskCall& call, const std::function<long(std::size_t)>& go);
  /// How much of a write fits.
  std::size_t fitting(const DiskCall& call) const;
  void watch_sync(const std::string& path, bool fails);

  const std::filesystem::path root_;
  DiskListener* const next_;
  std::mutex mutex_;
  Operation operation_ = Operation::write;
  int after_ = 0;
  int left_ = 0;
  int error_ = 0;
  bool only_logs_ = false;
  std::set<std::pair<std::uint64_t, std::uint64_t>> failed_syncs_;  ///< Device and inode.
  std::atomic<bool> fired_ = false;
  std::atomic<int> syncs_after_failure_ = 0;
  std::atomic<std::uint64_t> room_ = UINT64_MAX;
};

}  // namespace questclient::buffer
