// Brings entries that are in the log into the tables, and lets the write-ahead log go behind them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "engine/table_store.hpp"
#include "engine/wal.hpp"

namespace questnode::node {

/// Thread-safe. WAL, tables and clock outlive it.
class Applier {
 public:
  struct Events {
    std::function<void(const engine::Entry& entry)> applying;  ///< On this object's thread.
    std::function<void(std::uint64_t number)> applied;         ///< Visible to queries now.
    /// The disk has no room for the tables: it waits and tries again. Told once; empty: there is room again.
    std::function<void(const std::string& message)> no_room;
    std::function<void(const std::string& message)> failed;  ///< It stopped for good.
  };
  Applier(engine::Wal& wal, engine::TableStore& tables, const base::Clock& clock,
          std::chrono::milliseconds checkpoint_interval, Events events);
  /// Ends after the batch under way, with a checkpoint.
  ~Applier();

  /// Entries up to `through` are in the log.
  void allow(std::uint64_t through);
  std::uint64_t applied() const;

 private:
  void run();
  void work();
  void apply_batch(std::uint64_t through);
  void checkpoint();
  /// False: there was no room for it.
  bool with_room(const std::function<void()>& step);

  engine::Wal& wal_;
  engine::TableStore& tables_;
  const base::Clock& clock_;
  const std::chrono::milliseconds checkpoint_interval_;
  const Events events_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t allowed_;
  std::uint64_t applied_;
  bool stop_ = false;
  std::uint64_t checkpointed_;     // This thread's only.
  base::Time last_checkpoint_{0};  // This thread's only.
  bool no_room_ = false;           // This thread's only.
  std::thread thread_;
};

}  // namespace questnode::node
