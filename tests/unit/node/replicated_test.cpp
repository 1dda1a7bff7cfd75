// A primary and its replicas on one fs store. Invariants by number: server-stub/node/README.md.
#include "node_fixture.hpp"

namespace questnode::node {
namespace {

using Kind = WriteAnswer::Kind;
using base::StreamPosition;

class Replicated : public NodeTest {
 protected:
  std::unique_ptr<Node> open_primary(const std::string& name) {
    auto node = open(name, ConfiguredRole::primary);
    EXPECT_TRUE(promote(*node));  // A primary that starts becomes one by itself; this waits for it.
    return node;
  }
};

TEST_F(Replicated, RowsReachTheReplicaAndAreDurable) {
  const auto a = open_primary("a");
  const auto b = open("b", ConfiguredRole::replica);
  EXPECT_EQ(a->status().log.epoch, 1U);
  const std::string body = "t v=1i 1000\nt v=2i 2000\n";
  const WriteAnswer answer = write(*a, body, frame(1, 2, body));
  ASSERT_EQ(answer.kind, Kind::committed) << answer.message;
  EXPECT_EQ(stream_status(*a, stream_, StreamPosition{1, 0}).durable, (StreamPosition{2, 0}));
  ASSERT_TRUE(await_applied(*b, answer.commit.number));
  EXPECT_EQ(dataset(*b, "SELECT sum(v) FROM t"), nlohmann::json({{3}}));
  EXPECT_EQ(stream_status(*b, stream_).durable, (StreamPosition{2, 0}));
  EXPECT_EQ(b->role(), NodeRole::replica);
}

TEST_F(Replicated, ARenameReachesTheReplicaAndHoldsAfterItsPromotion) {
  const auto a = open_primary("a");
  const auto b = open("b", ConfiguredRole::replica);
  const std::string body = "t v=1i 1000\n";
  write(*a, body, frame(1, 1, body));
  Answer<WriteAnswer> renamed;
  a->rename_table({"t", "u"}, renamed.callback());
  ASSERT_EQ(renamed.get().kind, Kind::committed);
  const WriteAnswer answer = write(*a, body, frame(2, 1, body));
  ASSERT_TRUE(await_applied(*b, answer.commit.number));
  EXPECT_EQ(dataset(*b, "SELECT count() FROM t"), nlohmann::json({{1}}));
  EXPECT_EQ(dataset(*b, "SELECT count() FROM u"), nlohmann::json({{1}}));
  Answer<WriteAnswer> refused;
  b->rename_table({"u", "w"}, refused.callback());
  EXPECT_EQ(refused.get().kind, Kind::not_writable);
  ASSERT_TRUE(promote(*b));
  // What was sent before the rename is still known to have been: nothing is repeated under the old name.
  EXPECT_EQ(write(*b, body, frame(1, 1, body)).kind, Kind::committed);
  const WriteAnswer last = write(*b, "u v=2i 2000\n");
  ASSERT_TRUE(await_applied(*b, last.commit.number));
  EXPECT_EQ(dataset(*b, "SELECT count() FROM u"), nlohmann::json({{2}}));
  EXPECT_EQ(dataset(*b, "SELECT count() FROM t"), nlohmann::json({{1}}));
}

TEST_F(Replicated, AReplicaRefusesWritesAndNamesThePrimary) {
  const auto a = open_primary("a");
  const auto b = open("b", ConfiguredRole::replica);
  const WriteAnswer answer = write(*a, "t v=1i 1000\n");
  ASSERT_TRUE(await_applied(*b, answer.commit.number));
  const WriteAnswer refused = write(*b, "t v=1i 1000\n");
  EXPECT_EQ(refused.kind, Kind::not_writable);
  EXPECT_NE(refused.message.find("a.test:9000"), std::string::npos) << refused.message;
}

TEST_F(Replicated, AfterAPromotionTheOldPrimaryStepsBackAndNamesItsSuccessor) {
  const auto a = open_primary("a");
  const auto b = open("b", ConfiguredRole::replica);
  const std::string body = "t v=1i 1000\n";
  write(*a, body, frame(1, 1, body));
  ASSERT_TRUE(promote(*b));
  EXPECT_EQ(b->status().log.epoch, 2U);
  EXPECT_EQ(write(*b, body, frame(1, 1, body)).acked, (StreamPosition{2, 0}));
  const WriteAnswer answer = write(*b, body, frame(2, 1, body));
  ASSERT_EQ(answer.kind, Kind::committed) << answer.message;
  // What the old primary still takes hits the seal; then it follows.
  write(*a, "t v=5i 5000\n");
  ASSERT_TRUE(await_applied(*a, answer.commit.number));
  const WriteAnswer refused = write(*a, "t v=6i 6000\n");
  EXPECT_EQ(refused.kind, Kind::not_writable);
  EXPECT_NE(refused.message.find("b.test:9000"), std::string::npos) << refused.message;
  for (Node* node : {a.get(), b.get()}) {
    ASSERT_TRUE(await_applied(*node, answer.commit.number));
    EXPECT_EQ(dataset(*node, "SELECT count(), max(v) FROM t"), nlohmann::json({{2, 1}}));
  }
}

TEST_F(Replicated, APrimaryThatStartsAgainClaimsTheNextEpochAndKeepsItsTail) {
  const std::string body = "t v=1i 1000\n";
  {
    const auto a = open_primary("a");
    write(*a, body, frame(1, 1, body));
  }
  const auto a = open_primary("a");
  EXPECT_EQ(a->status().log.epoch, 2U);
  const WriteAnswer answer = write(*a, body, frame(2, 1, body));
  EXPECT_EQ(answer.acked, (StreamPosition{3, 0}));
  EXPECT_EQ(stream_status(*a, stream_, StreamPosition{2, 0}).durable, (StreamPosition{3, 0}));
  ASSERT_TRUE(await_applied(*a, answer.commit.number));
  EXPECT_EQ(dataset(*a, "SELECT count() FROM t"), nlohmann::json({{2}}));
}

TEST_F(Replicated, ANewReplicaReadsTheWholeLog) {
  const auto a = open_primary("a");
  std::uint64_t last = 0;
  for (int i = 1; i <= 20; ++i) last = write(*a, "t v=1i " + std::to_string(i) + "\n").commit.number;
  ASSERT_TRUE(await_applied(*a, last));
  const auto c = open("c", ConfiguredRole::replica);
  ASSERT_TRUE(await_applied(*c, last));
  EXPECT_EQ(dataset(*c, "SELECT count() FROM t"), nlohmann::json({{20}}));
}

TEST_F(Replicated, TooManyRequestsAheadOfTheLogAreTurnedAway) {
  const auto a = open_primary("a");
  config_.max_entries_ahead_of_log = 1;
  // A store that is away: this node's uploads find nothing to write to.
  const auto lonely = open("lonely", ConfiguredRole::replica);
  ASSERT_TRUE(promote(*lonely));
  std::filesystem::rename(directory_.path() / "store", directory_.path() / "away");
  Kind kind = Kind::committed;
  for (int i = 0; i < 100 && kind == Kind::committed; ++i) kind = write(*lonely, "t v=1i 1\n").kind;
  EXPECT_EQ(kind, Kind::overloaded);
}

}  // namespace
}  // namespace questnode::node
