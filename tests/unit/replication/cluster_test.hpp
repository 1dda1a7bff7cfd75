// A memory store that can fail, some nodes on it, and the words in which the scripted tests are written.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "object_store/faulty_store.hpp"
#include "unit/replication/memory_node.hpp"

namespace questnode::replication {

class ClusterTest : public ::testing::Test {
 protected:
  using Condition = std::function<bool()>;

  /// Steps until the condition holds; the test fails if it never does.
  static void run(MemoryNode& node, const Condition& until) {
    for (int steps = 0; !until(); ++steps) {
      ASSERT_LT(steps, 2000) << "stuck: " << node.replicator->status().last_error;
      node.step();
    }
  }
  /// Steps until there is nothing to do: a replica knows the whole log, a primary has uploaded everything.
  static void settle(MemoryNode& node) {
    node.step();
    run(node, [&] { return idle(node) && node.replicator->status().last_error.empty(); });
  }
  static void run_until_error(MemoryNode& node) {
    run(node, [&] { return idle(node) && !node.replicator->status().last_error.empty(); });
  }
  template <class A>
  static bool doing(const MemoryNode& node) {
    return node.outstanding && std::holds_alternative<A>(*node.outstanding);
  }
  static bool idle(const MemoryNode& node) { return doing<Idle>(node); }
  static bool getting(const MemoryNode& node, const std::string& key) {
    const auto* get = std::get_if<GetObject>(&*node.outstanding);
    return get != nullptr && get->key == key;
  }
  static bool putting(const MemoryNode& node, const std::string& key) {
    const auto* put = std::get_if<PutObject>(&*node.outstanding);
    return put != nullptr && put->key == key;
  }

  static void start_as_primary(MemoryNode& node) {
    node.state.state.role = Role::primary;
    node.start();
    run(node, [&] { return node.is_writing(); });
    settle(node);
  }
  static void start_as_replica(MemoryNode& node) {
    node.start();
    settle(node);
  }
  /// The node dies and starts again on its disk.
  static void restart(MemoryNode& node) {
    node.crash();
    node.start();
  }
  static void promote(MemoryNode& node) {
    node.replicator->promote();
    run(node, [&] { return node.is_writing(); });
    settle(node);
  }
  /// Writes entries, syncs them, and lets the primary upload them.
  static void write_durably(MemoryNode& node, const std::vector<std::string>& entries) {
    for (const std::string& entry : entries) node.write(entry);
    node.wal.sync();
    settle(node);
    ASSERT_EQ(node.replicator->status().through, node.wal.last());
  }
  static std::vector<std::string> wal_of(const MemoryNode& node) {
    return node.wal.read(1, node.wal.last(), std::size_t{1} << 30);
  }

  bool has(const std::string& key) {
    std::string bytes;
    return memory_->get(key, bytes, why_) == object_store::GetResult::found;
  }
  Record record(std::uint64_t epoch, std::uint64_t seq) {
    std::string bytes;
    EXPECT_EQ(memory_->get(record_key(epoch, seq), bytes, why_), object_store::GetResult::found)
        << record_key(epoch, seq);
    return decode_record(bytes);
  }
  Claim claim(std::uint64_t epoch) {
    std::string bytes;
    EXPECT_EQ(memory_->get(claim_key(epoch), bytes, why_), object_store::GetResult::found);
    return decode_claim(bytes);
  }
  /// As another node would, straight into the store.
  void put_record(const Record& forged) {
    memory_->put(record_key(forged.epoch, forged.seq), encode_record(forged), why_);
  }
  base::Sha256 hash_of(std::uint64_t epoch, std::uint64_t seq) {
    std::string bytes;
    memory_->get(record_key(epoch, seq), bytes, why_);
    return record_hash(bytes);
  }

  std::unique_ptr<object_store::ObjectStore> memory_ = object_store::make_memory_store();
  object_store::FaultyStore store_{*memory_, 1};
  MemoryNode a_{"a", store_, 11};
  MemoryNode b_{"b", store_, 12};
  MemoryNode c_{"c", store_, 13};
  std::string why_;
};

using Entries = std::vector<std::string>;

}  // namespace questnode::replication
