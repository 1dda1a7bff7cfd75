// Rules by number: docs/replication.md.
#include "unit/replication/cluster_test.hpp"

namespace questnode::replication {
namespace {

using object_store::PutFault;

class Promotion : public ClusterTest {
 protected:
  /// Dies and starts again; the page cache survives.
  static void kill_and_start(MemoryNode& node) {
    node.wal.process_kill();
    restart(node);
  }
};

TEST_F(Promotion, FirstPrimaryClaimsEpochOne) {  // Rules 10, 18.
  start_as_primary(a_);
  EXPECT_EQ(a_.writing_epoch, 1U);
  EXPECT_EQ(claim(1).node, "a");
  EXPECT_EQ(claim(1).address, "a:9000");
  EXPECT_EQ(record(1, 0).kind, RecordKind::head);
  EXPECT_EQ(record(1, 0).first_entry, 1U);
}

TEST_F(Promotion, NonceIsSavedBeforeTheClaimIsWritten) {  // Rule 10.
  a_.state.state.role = Role::primary;
  a_.start();
  run(a_, [&] { return putting(a_, "ctl/1"); });
  EXPECT_EQ(a_.state.state.claim_epoch, 1U);
  EXPECT_EQ(decode_claim(std::get<PutObject>(*a_.outstanding).bytes).nonce, a_.state.state.claim_nonce);
  EXPECT_EQ(a_.state.state.seen_epoch, 0U);
  a_.step();
  EXPECT_EQ(a_.state.state.seen_epoch, 1U) << "saved before anything is written in the epoch";
}

TEST_F(Promotion, UnansweredClaimIsResolvedByItsNonce) {  // Rules 4, 10.
  for (const PutFault fault : {PutFault::lost, PutFault::answer_lost, PutFault::delayed}) {
    store_.script_put("ctl/", fault);
    a_.crash();
    start_as_primary(a_);
  }
  EXPECT_EQ(a_.writing_epoch, 3U) << "each start took one epoch, no more";
  store_.release();
  EXPECT_EQ(claim(3).nonce, a_.state.state.claim_nonce);
}

TEST_F(Promotion, ClaimThatLandedBeforeACrashIsRecognised) {  // Rules 10, 11.
  a_.state.state.role = Role::primary;
  a_.start();
  run(a_, [&] { return putting(a_, "ctl/1"); });
  a_.perform();
  kill_and_start(a_);
  run(a_, [&] { return a_.is_writing(); });
  EXPECT_EQ(a_.writing_epoch, 1U);
}

TEST_F(Promotion, ClaimThatLandsAfterTheRestartIsRecognised) {  // Rules 10, 11.
  store_.script_put("ctl/1", PutFault::delayed);
  a_.state.state.role = Role::primary;
  a_.start();
  run(a_, [&] { return store_.delayed() == 1; });
  kill_and_start(a_);
  run(a_, [&] { return putting(a_, "ctl/1"); });
  store_.release();
  run(a_, [&] { return a_.is_writing(); });
  EXPECT_EQ(a_.writing_epoch, 1U);
}

TEST_F(Promotion, RestartedPrimaryTakesANewEpochAndNeverResumesOne) {  // Rules 11, 19.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  kill_and_start(a_);
  run(a_, [&] { return a_.is_writing(); });
  EXPECT_EQ(a_.writing_epoch, 2U);
  EXPECT_EQ(record(1, 2).kind, RecordKind::seal);
  EXPECT_EQ(record(1, 2).sealed_by, 2U);
  EXPECT_EQ(record(2, 0).parent, hash_of(1, 1));
  EXPECT_EQ(record(2, 0).first_entry, 2U);
  write_durably(a_, {"two"});
  EXPECT_EQ(record(2, 1).entries, Entries{"two"});
}

TEST_F(Promotion, RestartedPrimaryStaysAReplicaIfSomebodyTookOver) {  // Rule 11.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  a_.crash();
  start_as_replica(b_);
  promote(b_);
  a_.start();
  run(a_, [&] { return doing<StopWriting>(a_); });
  const std::string reason = std::get<StopWriting>(*a_.outstanding).reason;
  EXPECT_NE(reason.find("node 'b' at b:9000 (epoch 2) took over"), std::string::npos) << reason;
  settle(a_);
  EXPECT_EQ(a_.state.state.role, Role::replica);
  EXPECT_EQ(a_.state.state.claim_epoch, 1U) << "the claim that was lost is not under way any more";
  EXPECT_FALSE(has("ctl/3"));
  EXPECT_EQ(a_.replicator->status().epoch, 2U);
  kill_and_start(a_);
  settle(a_);
  EXPECT_FALSE(a_.is_writing()) << "and still does after another start";
}

TEST_F(Promotion, RestartedPrimaryRefusesAlsoIfTheOtherClaimantDied) {  // Rule 11.
  start_as_primary(a_);
  start_as_replica(b_);
  b_.replicator->promote();
  run(b_, [&] { return has("ctl/2"); });
  b_.crash();
  kill_and_start(a_);
  run(a_, [&] { return doing<StopWriting>(a_); });
  settle(a_);
  EXPECT_EQ(a_.replicator->status().role, Role::replica);
}

TEST_F(Promotion, WhatWasAskedForTakesTheFirstFreeEpoch) {  // Rule 12.
  start_as_primary(a_);
  a_.crash();
  for (MemoryNode* dead : {&b_, &c_}) {
    start_as_replica(*dead);
    dead->replicator->promote();
    run(*dead, [&] { return dead->state.state.seen_epoch > 1; });
    dead->crash();
  }
  MemoryNode d("d", store_, 77);
  start_as_replica(d);
  promote(d);
  EXPECT_EQ(d.writing_epoch, 4U);
}

TEST_F(Promotion, CanBeAskedForBeforeTheStoreAnswered) {  // Rule 12.
  a_.start();
  a_.replicator->promote();
  run(a_, [&] { return a_.is_writing(); });
  EXPECT_EQ(a_.writing_epoch, 1U);
}

TEST_F(Promotion, InterruptsAReplicaThatWaitsForTheStore) {  // Rule 12.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  b_.start();
  store_.script_get("log/", object_store::GetFault::unknown);
  run_until_error(b_);
  promote(b_);
  EXPECT_EQ(wal_of(b_), Entries{"one"});
}

TEST_F(Promotion, EveryOlderEpochIsSealedAlsoThoseWithoutARecord) {  // Rules 13, 14.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  start_as_replica(b_);
  b_.replicator->promote();
  run(b_, [&] { return b_.state.state.seen_epoch == 2; });
  b_.crash();
  start_as_replica(c_);
  promote(c_);
  EXPECT_EQ(c_.writing_epoch, 3U);
  for (const auto& [epoch, seq] : {std::pair{1, 2}, std::pair{2, 0}}) {
    EXPECT_EQ(record(static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(seq)).sealed_by, 3U);
  }
  EXPECT_FALSE(has("log/1/3"));
}

TEST_F(Promotion, SealMovesOnWhileTheOldPrimaryIsFaster) {  // Rule 13.
  start_as_primary(a_);
  start_as_replica(b_);
  b_.replicator->promote();
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    run(b_, [&] { return putting(b_, record_key(1, seq)); });
    write_durably(a_, {"entry-" + std::to_string(seq)});
  }
  run(b_, [&] { return b_.is_writing(); });
  EXPECT_EQ(record(1, 3).kind, RecordKind::data);
  EXPECT_EQ(record(1, 4).kind, RecordKind::seal);
  EXPECT_EQ(wal_of(b_).size(), 3U) << "everything before the seal counts";
}

TEST_F(Promotion, UnansweredSealsAndHeadsAreResolved) {  // Rules 4, 15, 18.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  start_as_replica(b_);
  for (const PutFault fault : {PutFault::lost, PutFault::answer_lost, PutFault::delayed}) {
    store_.script_put("log/1/", fault);
    store_.script_put("log/2/", fault);
  }
  promote(b_);
  store_.release();
  EXPECT_EQ(record(1, 2).kind, RecordKind::seal);
  EXPECT_FALSE(has("log/1/3"));
  EXPECT_EQ(record(2, 0).author, "b");
  write_durably(b_, {"two"});
}

TEST_F(Promotion, StopsAtTheSealOfAnother) {  // Rule 14.
  start_as_primary(a_);
  start_as_replica(b_);
  start_as_replica(c_);
  b_.replicator->promote();
  run(b_, [&] { return has("log/1/1"); });
  promote(c_);
  EXPECT_EQ(record(1, 1).sealed_by, 2U);
  EXPECT_FALSE(has("log/1/2"));
  EXPECT_EQ(c_.writing_epoch, 3U);
}

TEST_F(Promotion, OvertakenPromoterFindsItsEpochSealed) {  // Rule 18.
  start_as_primary(a_);
  start_as_replica(b_);
  start_as_replica(c_);
  b_.replicator->promote();
  run(b_, [&] { return putting(b_, "log/2/0"); });
  promote(c_);
  run(b_, [&] { return doing<StopWriting>(b_); });
  EXPECT_NE(std::get<StopWriting>(*b_.outstanding).reason.find("epoch 2 was sealed while"),
            std::string::npos);
  settle(b_);
  EXPECT_EQ(b_.state.state.role, Role::replica);
  EXPECT_EQ(b_.replicator->status().primary_node, "c");
  EXPECT_EQ(b_.replicator->status().primary_address, "c:9000");
}

TEST_F(Promotion, CatchesUpToTheSealBeforeItWrites) {  // Rule 16.
  start_as_primary(a_);
  start_as_replica(b_);
  for (int i = 0; i < 20; ++i) write_durably(a_, {std::to_string(i)});
  b_.replicator->promote();
  run(b_, [&] { return doing<StartWriting>(b_); });
  EXPECT_EQ(wal_of(b_), wal_of(a_));
  EXPECT_EQ(b_.wal.synced(), 20U);
  EXPECT_EQ(b_.advanced, 20U) << "announced before it takes writes";
}

/// Says of one object that it is absent.
class HidingStore final : public object_store::ObjectStore {
 public:
  explicit HidingStore(ObjectStore& inner) : inner_(inner) {}
  object_store::PutResult put(const std::string& key, std::string_view bytes, std::string& why) override {
    return inner_.put(key, bytes, why);
  }
  object_store::PutResult replace(const std::string& key, std::string_view bytes, std::string& why) override {
    return inner_.replace(key, bytes, why);
  }
  object_store::GetResult get(const std::string& key, std::string& bytes, std::string& why) override {
    return key == hidden ? object_store::GetResult::absent : inner_.get(key, bytes, why);
  }
  std::vector<std::string> list(const std::string& prefix) override { return inner_.list(prefix); }
  std::string describe() const override { return "hiding"; }
  std::string hidden;

 private:
  ObjectStore& inner_;
};

TEST_F(Promotion, MissingRecordOfASealedEpochStopsIt) {  // Rule 16.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  HidingStore hiding(store_);
  MemoryNode d("d", hiding, 78);
  start_as_replica(d);
  write_durably(a_, {"two"});
  d.replicator->promote();
  run(d, [&] { return has("log/1/3"); });
  hiding.hidden = "log/1/2";
  run_until_error(d);
  EXPECT_NE(d.replicator->status().last_error.find("log/1/2: the object is missing"), std::string::npos);
  for (int retries = 0; retries < 20; ++retries) d.step();
  EXPECT_FALSE(has("log/2/0")) << "nothing is skipped";
  hiding.hidden = "";
  run(d, [&] { return d.is_writing(); });
  EXPECT_EQ(wal_of(d), (Entries{"one", "two"}));
}

TEST_F(Promotion, OwnTailThatContinuesTheLogIsAppendedAfterTheHead) {  // Rule 17.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  a_.write("two");
  a_.write("three");
  a_.wal.sync();
  kill_and_start(a_);
  run(a_, [&] { return doing<StartWriting>(a_); });
  EXPECT_EQ(wal_of(a_), (Entries{"one", "two", "three"}));
  EXPECT_EQ(record(2, 0).first_entry, 2U);
  EXPECT_EQ(a_.advanced, 1U) << "the tail is not durable yet";
  settle(a_);
  EXPECT_EQ(record(2, 1).entries, (Entries{"two", "three"}));
  EXPECT_EQ(a_.advanced, 3U);
  EXPECT_TRUE(a_.rescue.entries.empty());
}

TEST_F(Promotion, OwnTailSurvivesSeveralStartsThatDiedBeforeTheirHead) {  // Rule 17.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  a_.write("two");
  a_.wal.sync();
  for (std::uint64_t epoch = 2; epoch <= 4; ++epoch) {
    kill_and_start(a_);
    run(a_, [&] { return putting(a_, record_key(epoch, 0)); });
  }
  kill_and_start(a_);
  run(a_, [&] { return a_.is_writing(); });
  settle(a_);
  EXPECT_EQ(a_.writing_epoch, 5U);
  EXPECT_EQ(record(5, 1).entries, Entries{"two"});
}

TEST_F(Promotion, OwnTailBehindAnothersRecordsIsRescued) {  // Rule 17.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  a_.write("two of a");
  a_.wal.sync();
  a_.crash();
  start_as_replica(b_);
  promote(b_);
  b_.crash();
  a_.wal.process_kill();
  a_.start();
  settle(a_);
  promote(a_);
  EXPECT_EQ(a_.writing_epoch, 3U);
  EXPECT_EQ(a_.rescue.entries, Entries{"two of a"}) << "epoch 2 had a record, b's head";
  EXPECT_EQ(a_.rescue.calls.at(0), (std::pair<std::uint64_t, std::uint64_t>{1, 2}));
  EXPECT_EQ(wal_of(a_), Entries{"one"});
}

TEST_F(Promotion, OwnTailIsKeptIfTheOtherClaimantWroteNothing) {  // Rule 17.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  a_.write("two of a");
  a_.wal.sync();
  start_as_replica(b_);
  b_.replicator->promote();
  run(b_, [&] { return putting(b_, "log/2/0"); });
  b_.crash();
  run(a_, [&] { return doing<StopWriting>(a_); });
  settle(a_);
  promote(a_);
  EXPECT_EQ(record(3, 1).entries, Entries{"two of a"});
  EXPECT_TRUE(a_.rescue.entries.empty());
}

TEST_F(Promotion, ReplicaWithEntriesOfUnknownOriginRescuesThem) {  // Rule 17.
  a_.write("from nowhere");
  a_.wal.sync();
  start_as_primary(a_);
  EXPECT_EQ(a_.rescue.entries, Entries{"from nowhere"});
  EXPECT_EQ(a_.wal.last(), 0U);
}

TEST_F(Promotion, LogAheadOfTheOwnWalIsCaughtUpWithFirst) {  // Rules 16, 19.
  start_as_primary(a_);
  write_durably(a_, {"one", "two"});
  a_.crash();
  a_.wal.truncate_after(1);  // As a power cut does to a disk that lied about its sync.
  a_.start();
  run(a_, [&] { return doing<StartWriting>(a_); });
  EXPECT_EQ(wal_of(a_), (Entries{"one", "two"}));
  EXPECT_EQ(record(2, 0).first_entry, 3U);
}

TEST_F(Promotion, RecordThatLandedBeforeACrashIsNotUploadedTwice) {  // Rule 19.
  start_as_primary(a_);
  a_.write("one");
  a_.wal.sync();
  run(a_, [&] { return putting(a_, "log/1/1"); });
  a_.perform();
  a_.crash();
  a_.wal.power_cut();
  a_.start();
  run(a_, [&] { return a_.is_writing(); });
  settle(a_);
  EXPECT_EQ(record(1, 1).entries, Entries{"one"});
  EXPECT_EQ(record(2, 0).first_entry, 2U);
  EXPECT_FALSE(has("log/2/1"));
}

TEST_F(Promotion, StatusOfAPromotionSaysSo) {
  a_.start();
  a_.replicator->promote();
  run(a_, [&] { return putting(a_, "log/1/0"); });
  EXPECT_EQ(a_.replicator->status().role, Role::promoting);
  EXPECT_EQ(a_.replicator->status().epoch, 1U);
  EXPECT_EQ(a_.replicator->status().refusal, "this node is being promoted");
}

}  // namespace
}  // namespace questnode::replication
