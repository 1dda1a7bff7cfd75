// One node, put together: WAL, sequencer, group commit, tables, replication. Knows nothing of HTTP.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_budget.hpp"
#include "base/clock.hpp"
#include "base/delivery.hpp"
#include "base/random.hpp"
#include "engine/sequencer.hpp"
#include "engine/table_store.hpp"
#include "engine/wal.hpp"
#include "ilp/parser.hpp"
#include "node/applier.hpp"
#include "node/config.hpp"
#include "node/group_commit.hpp"
#include "node/node_files.hpp"
#include "node/replication_driver.hpp"
#include "node/stream_tokens.hpp"
#include "node/wait_list.hpp"

namespace questnode::node {

/// What a node needs from outside. All of it outlives the node.
struct NodeParts {
  const base::Clock& clock;
  base::RandomSource& random;
  object_store::ObjectStore* store = nullptr;          ///< REQUIRED unless replication.role is none.
  std::string address;                                 ///< Where clients reach this node: "host:port".
  std::function<void(const std::string&)> failed;      ///< It can do nothing any more; end the process.
  std::shared_ptr<base::ByteBudget> memory = nullptr;  ///< Bounds the parsed rows; null: nothing does.
};

enum class NodeRole : std::uint8_t { standalone, replica, promoting, primary };
/// "standalone", "replica", ...
std::string_view role_text(NodeRole role);

struct WriteCall {
  std::string_view body;  ///< Lives until write() returns, charged by who holds it.
  ilp::Precision precision = ilp::Precision::nanos;
  std::optional<engine::Delivery> delivery;
};

struct WriteAnswer {
  enum class Kind : std::uint8_t {
    committed,       ///< 204
    gap,             ///< 409 with the token, which is `acked`.
    unknown_stream,  ///< 409 without a token.
    refused,         ///< 400: `message`, and `line` unless 0.
    too_large,       ///< 413: `message`.
    not_writable,    ///< 421: `message` says who takes writes.
    overloaded,      ///< 503
    failed,          ///< 500: whether the rows are kept is not certain.
  };
  Kind kind = Kind::failed;
  base::CommitPosition commit;
  std::optional<base::StreamPosition> acked;    ///< Committed here.
  std::optional<base::StreamPosition> durable;  ///< In the cluster's log.
  std::string message;
  std::uint32_t line = 0;
};

struct StreamStatus {
  std::optional<base::StreamPosition> acked;
  std::optional<base::StreamPosition> durable;
};

struct NodeStatus {
  std::string name;
  std::string address;
  NodeRole role = NodeRole::replica;
  bool writable = false;
  std::string refusal;                ///< Why not; empty when writable.
  replication::ReplicatorStatus log;  ///< As the replicator sees it; role none: empty.
  std::uint64_t last = 0;             ///< Last entry of the WAL.
  std::uint64_t synced = 0;           ///< Last entry that is on the disk.
  std::uint64_t applied = 0;          ///< Last entry that queries see.
  std::vector<engine::TableSchema> tables;
  std::string tables_error;  ///< Why rows wait in the WAL: no room for the tables; empty: they do not.
  std::vector<std::string> rescued_files;
};

/// Thread-safe. Invariants: README.md.
class Node {
 public:
  /// Opens and recovers what is below `root`, then starts the threads. The root must be locked. Throws
  /// std::runtime_error or std::system_error that say what cannot be used and what to do.
  Node(const Config& config, const RootLayout& layout, NodeParts parts);
  /// Every outstanding `done` is called before it returns.
  ~Node();

  /// `done` may be called before write() returns, and on any thread.
  void write(WriteCall call, std::function<void(WriteAnswer)> done);
  /// Answers committed once the table is there for queries too, or has been committed for two seconds.
  void create_table(const engine::TableRequest& request, std::function<void(WriteAnswer)> done);
  /// The same.
  void rename_table(const engine::RenameRequest& request, std::function<void(WriteAnswer)> done);
  /// Blocks.
  engine::SqlAnswer select(std::string_view sql) const;

  /// How far a stream has come, once it is durable beyond `after` (none: at once) or `timeout` is over.
  void stream_status(const base::Uuid& stream, std::optional<base::StreamPosition> after,
                     std::chrono::milliseconds timeout, std::function<void(StreamStatus)> done);
  /// Asks to become primary. `done(true)`: it is and takes writes; `done(false)`: it failed, or did not end
  /// within `timeout`; status() tells why.
  void promote(std::chrono::milliseconds timeout, std::function<void(bool)> done);
  /// True once entry `number` is seen by queries.
  void when_applied(std::uint64_t number, std::chrono::milliseconds timeout, std::function<void(bool)> done);

  NodeStatus status() const;
  NodeRole role() const { return role_; }
  bool writable() const { return writable_; }
  bool replicated() const { return driver_ != nullptr; }
  /// The epoch, and the last entry that queries see.
  base::CommitPosition position() const { return {epoch_, applied_}; }

 private:
  using WriteDone = std::function<void(WriteAnswer)>;

  /// An answer that may not go out yet, and what it waits for.
  struct Pending {
    WriteAnswer answer;
    std::uint64_t generation = 0;  ///< Of GroupCommit, at `answer.commit.number`.
    std::optional<base::Uuid> stream;
  };

  void recover();
  void start_replication();
  void start_writing(std::uint64_t epoch);
  void stop_writing(const std::string& reason);
  void log_advanced(std::uint64_t through);
  void synced(std::uint64_t number);
  void replicator_status(const replication::ReplicatorStatus& status);
  void tables_without_room(const std::string& message);
  void failed(const std::string& message);

  engine::ClusterState state_at_wal_end();
  engine::CreationPolicy creation_policy() const { return {config_.create_tables, config_.create_columns}; }
  bool ready_to_sequence();
  std::string refusal() const;
  WriteAnswer closed_answer() const;
  static WriteAnswer no_room_answer(bool ever);
  Pending sequence(engine::WriteRequest request, std::int64_t wall_nanos);
  void change_catalog(const std::function<engine::Admission(std::int64_t wall_nanos)>& change,
                      WriteDone done);
  WriteAnswer admit(engine::Admission admission, const std::optional<engine::Delivery>& delivery);
  void refuse(std::string message, std::uint32_t line, const std::optional<engine::Delivery>& delivery,
              WriteDone done);
  void answer(Pending pending, WriteDone done);

  const Config config_;
  const RootLayout layout_;
  const NodeParts parts_;
  std::unique_ptr<engine::Wal> wal_;
  std::unique_ptr<engine::TableStore> tables_;
  FileNodeState node_state_;
  FileRescue rescue_;

  mutable std::mutex status_mutex_;
  replication::ReplicatorStatus log_status_;
  std::string tables_error_;
  std::atomic<NodeRole> role_;
  std::atomic<std::uint64_t> failed_promotions_ = 0;
  std::atomic<std::uint64_t> epoch_ = 0;
  std::atomic<std::uint64_t> applied_ = 0;
  std::atomic<std::uint64_t> through_ = 0;  ///< Last entry that is in the log.

  mutable std::mutex write_mutex_;  ///< Guards the sequencer, and that the WAL gets entries in its order.
  std::atomic<bool> writable_ = false;
  std::string refusal_;                         ///< This node's own reason; else the replicator's holds.
  std::optional<engine::Sequencer> sequencer_;  ///< May be lost while writable_: an append failed.

  WaitList waits_;
  std::unique_ptr<StreamTokens> tokens_;
  std::unique_ptr<GroupCommit> commit_;
  std::unique_ptr<Applier> applier_;
  std::unique_ptr<replication::Replicator> replicator_;
  std::unique_ptr<ReplicationDriver> driver_;
};

}  // namespace questnode::node
