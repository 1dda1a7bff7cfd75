// Rules by number: docs/replication.md.
#include "unit/replication/cluster_test.hpp"

namespace questnode::replication {
namespace {

using object_store::GetFault;
using object_store::PutFault;

class Join : public ClusterTest {};

TEST_F(Join, FirstNodeMakesTheClusterAndTheOthersJoinIt) {  // Rule 2.
  start_as_replica(a_);
  start_as_replica(b_);
  EXPECT_FALSE(a_.state.state.cluster.is_nil());
  EXPECT_EQ(a_.state.state.cluster, b_.state.state.cluster);
  std::string bytes;
  ASSERT_EQ(memory_->get("FORMAT", bytes, why_), object_store::GetResult::found);
  EXPECT_EQ(decode_format(bytes), a_.state.state.cluster);
}

TEST_F(Join, TwoFirstNodesAgreeOnOneCluster) {  // Rules 2, 4.
  a_.start();
  b_.start();
  run(a_, [&] { return putting(a_, "FORMAT"); });
  run(b_, [&] { return putting(b_, "FORMAT"); });
  settle(b_);
  settle(a_);
  EXPECT_EQ(a_.state.state.cluster, b_.state.state.cluster);
}

TEST_F(Join, LostAnswersAndDamagedBytesAreResolved) {  // Rules 3, 4.
  store_.script_get("FORMAT", GetFault::unknown);
  store_.script_put("FORMAT", PutFault::lost);
  store_.script_put("FORMAT", PutFault::answer_lost);
  store_.script_get("FORMAT", GetFault::none);
  store_.script_get("FORMAT", GetFault::none);
  store_.script_get("FORMAT", GetFault::bit_flip);
  store_.script_get("FORMAT", GetFault::truncated);
  start_as_replica(a_);
  std::string bytes;
  ASSERT_EQ(memory_->get("FORMAT", bytes, why_), object_store::GetResult::found);
  EXPECT_EQ(decode_format(bytes), a_.state.state.cluster);
}

TEST_F(Join, NodeOfAnotherClusterRefusesTheStore) {  // Rule 2.
  start_as_replica(a_);
  b_.state.state.cluster = base::Uuid::random(b_.random);
  b_.start();
  try {
    settle(b_);
    FAIL() << "joined another cluster";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("belongs to cluster " + a_.state.state.cluster.to_string()),
              std::string::npos)
        << error.what();
  }
}

TEST_F(Join, NodeThatBelongsToAClusterRefusesAnEmptyStore) {  // Rule 2.
  b_.state.state.cluster = base::Uuid::random(b_.random);
  b_.start();
  EXPECT_THROW(settle(b_), std::runtime_error);
  EXPECT_FALSE(has("FORMAT")) << "an unmounted store must not become a new cluster";
}

TEST_F(Join, StoreThatDoesNotAnswerIsAskedEverMoreRarely) {  // Rule 5.
  a_.start();
  std::vector<long> waits;
  for (int failure = 0; failure < 7; ++failure) {
    store_.script_get("FORMAT", GetFault::unknown);
    run(a_, [&] { return idle(a_); });
    waits.push_back(static_cast<long>((std::get<Idle>(*a_.outstanding).until - a_.now).count() / 1'000'000));
    EXPECT_NE(a_.replicator->status().last_error.find("FORMAT: injected"), std::string::npos);
    a_.step();
  }
  EXPECT_EQ(waits, (std::vector<long>{100, 200, 400, 800, 1600, 2000, 2000}));
  settle(a_);
  EXPECT_EQ(a_.replicator->status().last_error, "");
}

TEST_F(Join, BeingWokenDoesNotShortenTheWait) {  // Rule 5.
  a_.idle_jumps = false;
  store_.script_get("FORMAT", GetFault::unknown);
  a_.start();
  a_.step();
  ASSERT_TRUE(idle(a_));
  const base::Time until = std::get<Idle>(*a_.outstanding).until;
  a_.step();
  ASSERT_TRUE(idle(a_));
  EXPECT_EQ(std::get<Idle>(*a_.outstanding).until, until);
  a_.now = until;
  a_.step();
  EXPECT_TRUE(getting(a_, "FORMAT"));
}

}  // namespace
}  // namespace questnode::replication
