// Rules by number: docs/replication.md.
#include "unit/replication/cluster_test.hpp"

namespace questnode::replication {
namespace {

using object_store::GetFault;
using object_store::PutFault;

class Primary : public ClusterTest {};

TEST_F(Primary, UploadsSyncedEntriesOnly) {  // Rule 6.
  start_as_primary(a_);
  a_.write("one");
  a_.write("two");
  a_.wal.sync();
  a_.write("three");
  settle(a_);
  EXPECT_EQ(record(1, 1).entries, (Entries{"one", "two"}));
  EXPECT_EQ(record(1, 1).first_entry, 1U);
  EXPECT_FALSE(has("log/1/2"));
  a_.wal.sync();
  settle(a_);
  EXPECT_EQ(record(1, 2).entries, Entries{"three"});
  EXPECT_EQ(record(1, 2).first_entry, 3U);
}

TEST_F(Primary, RecordHoldsNoMoreThanItsBytesButAlwaysOneEntry) {  // Rule 6.
  a_.options.max_record_bytes = 100;
  start_as_primary(a_);
  write_durably(a_, {std::string(60, 'a'), std::string(60, 'b'), std::string(300, 'c'), "d"});
  EXPECT_EQ(record(1, 1).entries.size(), 1U);
  EXPECT_EQ(record(1, 2).entries.size(), 1U);
  EXPECT_EQ(record(1, 3).entries, Entries{std::string(300, 'c')});
  EXPECT_EQ(record(1, 4).entries, Entries{"d"});
}

TEST_F(Primary, RecordsFormAChainOfHashesAndNumbers) {  // Rule 3.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  write_durably(a_, {"two"});
  EXPECT_EQ(record(1, 0).kind, RecordKind::head);
  EXPECT_EQ(record(1, 0).parent, base::Sha256{});
  EXPECT_EQ(record(1, 1).parent, hash_of(1, 0));
  EXPECT_EQ(record(1, 2).parent, hash_of(1, 1));
  EXPECT_EQ(record(1, 2).author, "a");
}

TEST_F(Primary, WithNothingToUploadLooksForASealOnceInAnInterval) {  // Rule 9.
  start_as_primary(a_);
  for (int checks = 0; checks < 3; ++checks) {
    a_.step();
    ASSERT_TRUE(getting(a_, "log/1/1"));
    a_.step();
    ASSERT_TRUE(idle(a_));
    EXPECT_EQ(std::get<Idle>(*a_.outstanding).until - a_.now, a_.options.fence_check_interval);
  }
  write_durably(a_, {"one"});
  EXPECT_TRUE(a_.is_writing()) << "an empty slot fences nobody";
}

TEST_F(Primary, IdleOneFindsOutThatItWasDeposed) {  // Rule 9.
  start_as_primary(a_);
  start_as_replica(b_);
  promote(b_);
  store_.script_get("log/1/1", GetFault::unknown);
  store_.script_get("log/1/1", GetFault::bit_flip);
  run(a_, [&] { return doing<StopWriting>(a_); });
  settle(a_);
  EXPECT_EQ(a_.state.state.role, Role::replica);
  EXPECT_EQ(a_.replicator->status().primary_node, "b");
}

TEST_F(Primary, ThrottleWindowSpacesUploadsButNotABacklog) {  // Rule 7.
  a_.options.upload_window = std::chrono::milliseconds(1000);
  a_.options.max_record_bytes = 10;
  a_.idle_jumps = false;
  a_.state.state.role = Role::primary;
  a_.start();
  run(a_, [&] { return a_.is_writing() && idle(a_); });
  a_.write("first");
  a_.wal.sync();
  a_.step();
  EXPECT_TRUE(putting(a_, "log/1/1")) << "the first does not wait";
  run(a_, [&] { return idle(a_); });

  for (int i = 0; i < 3; ++i) a_.write("entry-" + std::to_string(i));
  a_.wal.sync();
  a_.step();
  ASSERT_TRUE(idle(a_));
  const base::Time until = std::get<Idle>(*a_.outstanding).until;
  EXPECT_EQ(until, a_.now + std::chrono::milliseconds(1000));
  a_.now = until;
  a_.step();
  run(a_, [&] { return idle(a_); });
  EXPECT_TRUE(has("log/1/4")) << "three records went in one go";
  EXPECT_EQ(a_.replicator->status().through, 4U);
}

TEST_F(Primary, TellsOnlyWhatIsConfirmedAndMarkedAsDurable) {  // Rule 8.
  start_as_primary(a_);
  store_.script_put("log/1/1", PutFault::answer_lost);
  a_.write("one");
  a_.wal.sync();
  run(a_, [&] { return has("log/1/1"); });
  ASSERT_TRUE(getting(a_, "log/1/1")) << "it stands in the log, but this node does not know yet";
  EXPECT_EQ(a_.replicator->status().through, 0U);
  a_.step();
  ASSERT_TRUE(doing<LogAdvanced>(a_));
  EXPECT_EQ(std::get<LogAdvanced>(*a_.outstanding).through, 1U);
  const engine::LogMark expected{1, 1, hash_of(1, 1), 1};
  EXPECT_EQ(a_.wal.last_mark(), expected);
}

TEST_F(Primary, UnansweredUploadIsResolvedByReadingTheSlot) {  // Rule 4.
  start_as_primary(a_);
  for (const PutFault fault : {PutFault::lost, PutFault::answer_lost, PutFault::delayed}) {
    store_.script_put("log/", fault);
    store_.script_get("log/", GetFault::bit_flip);
    write_durably(a_, {"entry"});
    EXPECT_TRUE(a_.is_writing());
  }
  store_.release();
  EXPECT_EQ(a_.replicator->status().seq, 3U);
  EXPECT_EQ(record(1, 3).entries, Entries{"entry"});
  EXPECT_FALSE(has("log/1/4"));
}

TEST_F(Primary, ClockOfTheLogOnlyGrowsEvenIfTheWallClockGoesBack) {  // Rule 24.
  start_as_primary(a_);
  a_.wall = 5'000'000;
  write_durably(a_, {"one"});
  EXPECT_EQ(record(1, 1).clock, 5'000'000);
  a_.wall = 1'000;
  write_durably(a_, {"two"});
  EXPECT_EQ(record(1, 2).clock, 5'000'001);
  start_as_replica(b_);
  b_.wall = 10;
  promote(b_);
  EXPECT_EQ(record(2, 0).clock, 5'000'002);
}

TEST_F(Primary, ClockGrowsAcrossARestartThatReadsNothingNew) {  // Rule 24.
  start_as_primary(a_);
  a_.wall = 7'000'000;
  write_durably(a_, {"one"});
  a_.wal.process_kill();
  a_.wall = 3;
  restart(a_);
  run(a_, [&] { return a_.is_writing(); });
  EXPECT_EQ(record(2, 0).clock, 7'000'001);
}

TEST_F(Primary, FencedOneStopsWritingFirstAndThenFollows) {  // Rule 9.
  start_as_primary(a_);
  write_durably(a_, {"one"});
  start_as_replica(b_);
  promote(b_);
  a_.write("two");
  a_.wal.sync();
  run(a_, [&] { return doing<StopWriting>(a_); });
  const std::string reason = std::get<StopWriting>(*a_.outstanding).reason;
  EXPECT_NE(reason.find("node 'b' (epoch 2) took over"), std::string::npos) << reason;
  EXPECT_EQ(a_.state.state.role, Role::primary) << "saved only after nothing can be appended any more";
  EXPECT_EQ(a_.replicator->status().role, Role::replica);
  a_.step();
  EXPECT_EQ(a_.state.state.role, Role::replica);
  settle(a_);
  EXPECT_EQ(a_.replicator->status().primary_node, "b");
  EXPECT_EQ(a_.replicator->status().primary_address, "b:9000");
  EXPECT_NE(a_.replicator->status().refusal.find("node 'b' at b:9000 (epoch 2)"), std::string::npos);
  EXPECT_EQ(wal_of(a_), (Entries{"one", "two"})) << "the log has not moved past the tail yet";
  EXPECT_TRUE(a_.rescue.entries.empty());

  write_durably(b_, {"another two"});
  settle(a_);
  EXPECT_EQ(wal_of(a_), (Entries{"one", "another two"}));
  EXPECT_EQ(a_.rescue.entries, Entries{"two"});
  EXPECT_EQ(a_.rescue.calls.at(0), (std::pair<std::uint64_t, std::uint64_t>{1, 2}));
  EXPECT_EQ(a_.replicator->status().rescued_entries, 1U);
}

TEST_F(Primary, UploadThatLandsAfterTheSealDoesNotCount) {  // Rules 4, 9.
  start_as_primary(a_);
  store_.script_put("log/1/1", PutFault::delayed);
  a_.write("late");
  a_.wal.sync();
  run(a_, [&] { return store_.delayed() == 1; });
  start_as_replica(b_);
  promote(b_);
  store_.release();
  EXPECT_EQ(record(1, 1).kind, RecordKind::seal);
  run(a_, [&] { return doing<StopWriting>(a_); });
  EXPECT_EQ(a_.advanced, 0U);
}

TEST_F(Primary, PromotionOfAPrimaryChangesNothing) {
  start_as_primary(a_);
  a_.replicator->promote();
  write_durably(a_, {"one"});
  EXPECT_EQ(a_.writing_epoch, 1U);
  EXPECT_FALSE(has("ctl/2"));
}

TEST_F(Primary, StatusSaysWhereItStands) {
  start_as_primary(a_);
  write_durably(a_, {"one", "two"});
  const ReplicatorStatus status = a_.replicator->status();
  EXPECT_EQ(status.role, Role::primary);
  EXPECT_EQ(status.epoch, 1U);
  EXPECT_EQ(status.seq, 1U);
  EXPECT_EQ(status.through, 2U);
  EXPECT_EQ(status.primary_node, "a");
  EXPECT_EQ(status.primary_address, "a:9000");
  EXPECT_EQ(status.refusal, "");
}

}  // namespace
}  // namespace questnode::replication
