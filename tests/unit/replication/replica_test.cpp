// Rules by number: docs/replication.md.
#include "replication/log_cursor.hpp"
#include "unit/replication/cluster_test.hpp"

namespace questnode::replication {
namespace {

using object_store::GetFault;

class Replica : public ClusterTest {
 protected:
  void SetUp() override {
    start_as_primary(a_);
    write_durably(a_, {"one", "two"});
  }
  /// A record that would continue the log behind record (1, 1).
  Record next_record() {
    Record next = record(1, 1);
    next.seq = 2;
    next.parent = hash_of(1, 1);
    next.clock += 1;
    next.first_entry = 3;
    next.entries = {"three"};
    return next;
  }
  void expect_not_followed(const Record& forged, const std::string& message) {
    start_as_replica(b_);
    put_record(forged);
    run_until_error(b_);
    EXPECT_NE(b_.replicator->status().last_error.find(message), std::string::npos)
        << b_.replicator->status().last_error;
    for (int retries = 0; retries < 20; ++retries) b_.step();
    EXPECT_EQ(wal_of(b_), (Entries{"one", "two"}));
    EXPECT_EQ(b_.replicator->status().through, 2U);
  }
};

TEST_F(Replica, AdoptsRecordsInOrder) {  // Rule 20.
  b_.start();
  run(b_, [&] { return doing<LogAdvanced>(b_); });
  EXPECT_EQ(wal_of(b_), (Entries{"one", "two"}));
  EXPECT_EQ(b_.wal.synced(), 2U) << "synced before it is announced";
  const engine::LogMark expected{1, 1, hash_of(1, 1), 2};
  EXPECT_EQ(b_.wal.last_mark(), expected) << "marked before it is announced";
  write_durably(a_, {"three"});
  settle(b_);
  EXPECT_EQ(wal_of(b_), wal_of(a_));
  EXPECT_EQ(b_.advanced, 3U);
}

TEST_F(Replica, PollCostsOneGetOfTheNextNumber) {  // Rules 1, 20.
  start_as_replica(b_);
  EXPECT_EQ(std::get<Idle>(*b_.outstanding).until - b_.now, b_.options.poll_interval);
  for (int poll = 0; poll < 5; ++poll) {
    b_.step();
    ASSERT_TRUE(getting(b_, "log/1/2"));
    b_.step();
    ASSERT_TRUE(idle(b_));
  }
}

TEST_F(Replica, KnowsWhoIsPrimaryFromTheClaim) {  // Rule 23.
  start_as_replica(b_);
  const ReplicatorStatus status = b_.replicator->status();
  EXPECT_EQ(status.role, Role::replica);
  EXPECT_EQ(status.primary_node, "a");
  EXPECT_EQ(status.primary_address, "a:9000");
  EXPECT_EQ(status.refusal, "this node is a replica; the primary is node 'a' at a:9000 (epoch 1)");
}

TEST_F(Replica, DamagedAnswersAreReadAgainAndNeverBelieved) {  // Rule 3.
  for (const char* key : {"log/1/0", "log/1/1"}) {
    store_.script_get(key, GetFault::truncated);
    store_.script_get(key, GetFault::bit_flip);
    store_.script_get(key, GetFault::unknown);
  }
  b_.start();
  run_until_error(b_);
  EXPECT_NE(b_.replicator->status().last_error.find("log/1/0: the log record is damaged"), std::string::npos);
  settle(b_);
  EXPECT_EQ(wal_of(b_), (Entries{"one", "two"}));
}

TEST_F(Replica, BrokenHashChainIsNotFollowed) {  // Rule 3.
  Record forged = next_record();
  forged.parent = hash_of(1, 0);
  expect_not_followed(forged, "log/1/2 does not continue the log: its parent is");
}

TEST_F(Replica, GapInTheNumbersIsNotFollowed) {  // Rule 3.
  Record forged = next_record();
  forged.first_entry = 4;
  expect_not_followed(forged, "it begins with entry 4, expected 3");
}

TEST_F(Replica, ClockThatGoesBackIsNotFollowed) {  // Rule 24.
  Record forged = next_record();
  forged.clock = 1;
  expect_not_followed(forged, "clock went back");
}

TEST_F(Replica, RecordOfAnotherClusterIsNotFollowed) {  // Rule 3.
  Record forged = next_record();
  forged.cluster = base::Uuid::random(a_.random);
  expect_not_followed(forged, "log/1/2 does not belong there: it is of cluster");
}

TEST_F(Replica, SecondHeadIsNotFollowed) {  // Rule 3.
  Record forged = next_record();
  forged.kind = RecordKind::head;
  expect_not_followed(forged, "an epoch begins with its head");
}

TEST_F(Replica, SealThatNobodyCanHaveWrittenIsNotFollowed) {  // Rule 3.
  Record forged = next_record();
  forged.kind = RecordKind::seal;
  forged.entries.clear();
  forged.sealed_by = 1;
  expect_not_followed(forged, "no later epoch sealed it");
}

TEST_F(Replica, RecordUnderAnothersNameIsNotFollowed) {  // Rule 3.
  start_as_replica(b_);
  Record forged = next_record();
  forged.seq = 3;
  memory_->put("log/1/2", encode_record(forged), why_);
  run_until_error(b_);
  EXPECT_NE(b_.replicator->status().last_error.find("it says it is log/1/3"), std::string::npos);
}

TEST_F(Replica, FollowsOverSealsAndThroughAnEpochThatHoldsNothingElse) {  // Rule 21.
  start_as_replica(b_);
  // c claims epoch 2 and dies before its head; b is promoted into epoch 3 and seals both.
  c_.start();
  settle(c_);
  c_.replicator->promote();
  run(c_, [&] { return has("ctl/2"); });
  c_.crash();
  promote(b_);
  EXPECT_EQ(b_.writing_epoch, 3U);
  write_durably(b_, {"three"});

  MemoryNode late("late", store_, 99);
  start_as_replica(late);
  EXPECT_EQ(record(2, 0).kind, RecordKind::seal);
  EXPECT_EQ(wal_of(late), (Entries{"one", "two", "three"}));
  EXPECT_EQ(late.replicator->status().epoch, 3U);
  EXPECT_EQ(late.replicator->status().primary_node, "b");
  EXPECT_EQ(late.state.state.seen_epoch, 3U);
}

TEST_F(Replica, StartsAgainWhereItsMarkSays) {  // Rule 25.
  start_as_replica(b_);
  b_.wal.process_kill();
  b_.crash();
  write_durably(a_, {"three"});
  b_.start();
  std::vector<std::string> read;
  run(b_, [&] {
    if (const auto* get = std::get_if<GetObject>(&*b_.outstanding)) read.push_back(get->key);
    return wal_of(b_).size() == 3;
  });
  EXPECT_EQ(read, (std::vector<std::string>{"FORMAT", "ctl/1", "log/1/2"}));
}

TEST_F(Replica, AnnouncesAfterAStartWhatItsMarkSays) {  // Rule 25.
  start_as_replica(b_);
  b_.wal.process_kill();
  restart(b_);
  run(b_, [&] { return doing<LogAdvanced>(b_); });
  EXPECT_EQ(std::get<LogAdvanced>(*b_.outstanding).through, 2U);
}

TEST_F(Replica, MarkThatWasLostIsFoundAgainFromTheLog) {  // Rules 22, 25.
  start_as_replica(b_);
  b_.crash();
  b_.wal.power_cut();
  ASSERT_EQ(b_.wal.last(), 2U);
  ASSERT_LT(b_.wal.last_mark() ? b_.wal.last_mark()->through : 0, 2U) << "the cut took the mark";
  start_as_replica(b_);
  EXPECT_EQ(wal_of(b_), (Entries{"one", "two"}));
  EXPECT_EQ(b_.wal.last_mark()->through, 2U);
  EXPECT_TRUE(b_.rescue.entries.empty());
}

TEST_F(Replica, MarkThatSpeaksOfLostEntriesIsNotUsed) {  // Rule 25.
  const engine::LogMark mark{4, 7, base::sha256("x"), 10};
  EXPECT_EQ(LogCursor::after(mark, 10).next_epoch, 4U);
  EXPECT_EQ(LogCursor::after(mark, 10).next_seq, 8U);
  EXPECT_EQ(LogCursor::after(mark, 9).next_epoch, 1U);
  EXPECT_EQ(LogCursor::after(mark, 9).next_seq, 0U);
  EXPECT_EQ(LogCursor::after(std::nullopt, 9).tip.epoch, 0U);
}

TEST_F(Replica, OwnTailThatEqualsTheLogIsKept) {  // Rule 22.
  for (const char* entry : {"one", "two", "three", "four"}) b_.write(entry);
  start_as_replica(b_);
  EXPECT_EQ(wal_of(b_), (Entries{"one", "two", "three", "four"})) << "the log has not moved past it";
  EXPECT_EQ(b_.advanced, 2U);
  write_durably(a_, {"three"});
  settle(b_);
  EXPECT_EQ(wal_of(b_).size(), 4U);
  write_durably(a_, {"four", "five"});
  settle(b_);
  EXPECT_EQ(wal_of(b_), wal_of(a_));
  EXPECT_TRUE(b_.rescue.entries.empty());
}

TEST_F(Replica, OwnTailThatDiffersIsRescuedFromTheDifferenceOn) {  // Rule 22.
  for (const char* entry : {"one", "2", "3", "4"}) b_.write(entry);
  start_as_replica(b_);
  EXPECT_EQ(wal_of(b_), (Entries{"one", "two"}));
  EXPECT_EQ(b_.rescue.entries, (Entries{"2", "3", "4"}));
  EXPECT_EQ(b_.rescue.calls.at(0).second, 2U);
}

TEST_F(Replica, FullDiskIsWaitedFor) {  // Rule 5.
  b_.write("1");
  b_.rescue.fail = true;
  b_.start();
  run_until_error(b_);
  EXPECT_EQ(wal_of(b_), Entries{"1"}) << "nothing is cut off before it is rescued";
  EXPECT_NE(b_.replicator->status().last_error.find("No space left"), std::string::npos);
  b_.rescue.fail = false;
  settle(b_);
  EXPECT_EQ(wal_of(b_), (Entries{"one", "two"}));
  EXPECT_EQ(b_.rescue.entries, Entries{"1"});
}

}  // namespace
}  // namespace questnode::replication
