// A node without replication. Invariants by number: server-stub/node/README.md.
#include "node_fixture.hpp"

namespace questnode::node {
namespace {

using Kind = WriteAnswer::Kind;
using base::StreamPosition;

class Standalone : public NodeTest {};

TEST_F(Standalone, RowsAreVisibleOnceApplied) {
  const auto node = open("one");
  const WriteAnswer answer = write(*node, "t,s=a v=1i 1000\nt,s=b v=2i 2000\n");
  ASSERT_EQ(answer.kind, Kind::committed) << answer.message;
  EXPECT_EQ(answer.commit, (base::CommitPosition{0, 1}));
  ASSERT_TRUE(await_applied(*node, answer.commit.number));
  EXPECT_EQ(dataset(*node, "SELECT s, v FROM t ORDER BY v"), nlohmann::json::parse(R"([["a",1],["b",2]])"));
  EXPECT_EQ(node->role(), NodeRole::standalone);
  EXPECT_FALSE(node->replicated());
}

TEST_F(Standalone, ABadLineRefusesTheWholeRequest) {
  const auto node = open("one");
  const WriteAnswer answer = write(*node, "t v=1i 1000\nt v=oops 2000\n");
  EXPECT_EQ(answer.kind, Kind::refused);
  EXPECT_EQ(answer.line, 2U);
  EXPECT_NE(answer.message.find("line 2"), std::string::npos) << answer.message;
  EXPECT_EQ(node->status().last, 0U);
}

TEST_F(Standalone, DuplicatesAreSkippedAndGapsRefused) {
  const auto node = open("one");
  const std::string body = "t v=1i 1000\n";
  EXPECT_EQ(write(*node, body, frame(1, 1, body)).acked, (StreamPosition{2, 0}));
  const WriteAnswer duplicate = write(*node, body, frame(1, 1, body));
  EXPECT_EQ(duplicate.kind, Kind::committed);
  EXPECT_EQ(duplicate.acked, (StreamPosition{2, 0}));
  const WriteAnswer gap = write(*node, body, frame(5, 1, body));
  EXPECT_EQ(gap.kind, Kind::gap);
  EXPECT_EQ(gap.acked, (StreamPosition{2, 0}));
  stream_ = base::Uuid::random(random_);
  const WriteAnswer unknown = write(*node, body, frame(5, 1, body));
  EXPECT_EQ(unknown.kind, Kind::unknown_stream);
  EXPECT_FALSE(unknown.acked);
  EXPECT_EQ(node->status().last, 1U);
}

TEST_F(Standalone, AHeaderThatContradictsTheBodyIsRefused) {
  const auto node = open("one");
  const std::string body = "t v=1i 1000\n";
  EXPECT_EQ(write(*node, body, frame(1, 2, body)).kind, Kind::refused);
  EXPECT_EQ(write(*node, body, frame(1, 1, body + "x")).kind, Kind::refused);
  EXPECT_EQ(node->status().last, 0U);
}

TEST_F(Standalone, ARestartKeepsRowsTokensAndTables) {
  const std::string body = "t v=1i 1000\n";
  {
    const auto node = open("one");
    for (base::Fsn fsn = 1; fsn <= 5; ++fsn) write(*node, body, frame(fsn, 1, body));
  }
  const auto node = open("one");
  EXPECT_EQ(write(*node, body, frame(3, 1, body)).acked, (StreamPosition{6, 0}));
  const WriteAnswer answer = write(*node, body, frame(6, 1, body));
  EXPECT_EQ(answer.commit.number, 6U);
  ASSERT_TRUE(await_applied(*node, 6));
  EXPECT_EQ(dataset(*node, "SELECT count() FROM t"), nlohmann::json({{6}}));
}

TEST_F(Standalone, TheLogGoesOnceItIsInTheTables) {
  config_.segment_bytes = 4096;
  config_.checkpoint_interval = std::chrono::milliseconds(1);
  std::string body;
  for (int i = 1; i <= 50; ++i) body += "t v=" + std::to_string(i) + "i " + std::to_string(i) + "\n";
  {
    const auto node = open("one");
    for (int i = 0; i < 50; ++i) ASSERT_EQ(write(*node, body).kind, Kind::committed);
    ASSERT_TRUE(await_applied(*node, 50));
  }
  const auto wal = engine::Wal::open({.directory = directory_.path() / "one" / "wal", .segment_bytes = 4096});
  EXPECT_GT(wal->first(), 1U);
  const auto node = open("one");
  EXPECT_EQ(dataset(*node, "SELECT count() FROM t"), nlohmann::json({{2500}}));
}

TEST_F(Standalone, ATableIsThereWhenItsCreationIsAnswered) {
  const auto node = open("one");
  Answer<WriteAnswer> answer;
  engine::TableRequest request;
  request.name = "made";
  request.columns = {{"ts", engine::ColumnType::timestamp}, {"v", engine::ColumnType::double_}};
  request.timestamp_column = "ts";
  request.partition_by = "DAY";
  node->create_table(request, answer.callback());
  EXPECT_EQ(answer.get().kind, Kind::committed);
  EXPECT_EQ(dataset(*node, "SELECT count() FROM made"), nlohmann::json({{0}}));
}

TEST_F(Standalone, EveryCommitModeKeepsRowsOverACleanStop) {
  for (const CommitMode mode : {CommitMode::sync, CommitMode::async, CommitMode::nosync}) {
    config_.commit_mode = mode;
    const std::string name = "mode-" + std::to_string(static_cast<int>(mode));
    EXPECT_EQ(write(*open(name), "t v=1i 1000\n").kind, Kind::committed);
    const auto node = open(name);
    ASSERT_TRUE(await_applied(*node, 1));
    EXPECT_EQ(dataset(*node, "SELECT v FROM t"), nlohmann::json({{1}}));
  }
}

TEST_F(Standalone, TheStreamIsKnownAsFarAsItIsCommitted) {
  const auto node = open("one");
  EXPECT_FALSE(stream_status(*node, stream_).acked);
  const std::string body = "t v=1i 1000\n";
  write(*node, body, frame(1, 1, body));
  EXPECT_EQ(stream_status(*node, stream_).acked, (StreamPosition{2, 0}));
  EXPECT_EQ(stream_status(*node, stream_, StreamPosition{1, 0}).durable, (StreamPosition{2, 0}));
}

TEST_F(Standalone, OneProcessARoot) {
  const RootLayout layout{directory_.path()};
  const RootLock lock(layout);
  try {
    const RootLock second(layout);
    FAIL() << "locked twice";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("pid " + std::to_string(getpid())), std::string::npos)
        << error.what();
  }
}

TEST_F(Standalone, RemembersEpochsAndRefusesANewerFormat) {
  const RootLayout layout{directory_.path()};
  FileNodeState memory(layout);
  EXPECT_TRUE(memory.load().cluster.is_nil());
  const replication::NodeState state{stream_, replication::Role::primary, 7, 8, base::Uuid::random(random_)};
  memory.save(state);
  const replication::NodeState loaded = FileNodeState(layout).load();
  EXPECT_EQ(loaded.cluster, state.cluster);
  EXPECT_EQ(loaded.role, state.role);
  EXPECT_EQ(loaded.seen_epoch, 7U);
  EXPECT_EQ(loaded.claim_epoch, 8U);
  EXPECT_EQ(loaded.claim_nonce, state.claim_nonce);
  base::replace_file(layout.state(), R"({"format":99})");
  EXPECT_THROW(memory.load(), std::runtime_error);
}

}  // namespace
}  // namespace questnode::node
