#include "unit/replication/random_cluster.hpp"

#include <algorithm>

namespace questnode::replication {
namespace {

using object_store::GetResult;

constexpr int kHealRounds = 2000;
constexpr int kHealPause = 60;
constexpr object_store::FaultRates kRates{.put_lost = 50,
                                          .put_answer_lost = 80,
                                          .put_delayed = 100,
                                          .get_unknown = 40,
                                          .get_truncated = 30,
                                          .get_bit_flip = 30};

std::string number_of(std::size_t value) {
  return std::to_string(value);
}

}  // namespace

RandomCluster::RandomCluster(std::uint64_t seed, const View& view)
    : random_(seed), faulty_(*memory_, seed + 1) {
  faulty_.set_rates(kRates);
  const std::array<std::string, 3> names = {"a", "b", "c"};
  for (std::size_t index = 0; index < members_.size(); ++index) {
    Member& member = members_[index];
    member.view = view(faulty_);
    member.node = std::make_unique<MemoryNode>(names[index], *member.view, seed * 10 + index);
    member.node->options.max_record_bytes = 40;
    if (index == 0) member.node->state.state.role = Role::primary;
    member.node->start();
  }
}

void RandomCluster::run(int steps) {
  for (int count = 0; count < steps; ++count) random_step();
  heal();
  check_log();
  check_nothing_lost();
}

void RandomCluster::random_step() {
  Member& member = members_[random_.below(members_.size())];
  MemoryNode& node = *member.node;
  const std::uint64_t dice = random_.below(1000);
  if (!node.is_up()) {
    if (dice < 200) node.start();
    return;
  }
  if (dice < 700) {
    for (std::uint64_t steps = 1 + random_.below(6); steps > 0 && node.is_up(); --steps) step(member);
  } else if (dice < 870) {
    write(member);
  } else if (dice < 940) {
    node.wal.sync();
    note_synced(member);
  } else if (dice < 950) {
    // A crash in the middle of an action: it took effect, but the node never heard of it.
    if (!node.pending) node.perform();
    crash(member);
  } else if (dice < 960) {
    crash(member);
  } else if (dice < 970) {
    node.replicator->promote();
    ++counts_["promote"];
  } else if (dice < 985) {
    if (faulty_.release_one()) ++counts_["late put landed"];
  } else {
    // Wall clocks of different nodes disagree, and step.
    node.wall = static_cast<std::int64_t>(random_.below(1'000'000'000));
  }
}

void RandomCluster::step(Member& member) {
  MemoryNode& node = *member.node;
  const bool was_writing = node.is_writing();
  const bool announces = std::holds_alternative<LogAdvanced>(*node.outstanding);
  const bool starts = std::holds_alternative<StartWriting>(*node.outstanding);
  const auto rescued_before = node.rescue.entries.size();
  node.step();
  if (node.rescue.entries.size() > rescued_before) ++counts_["rescued"];
  if (announces && was_writing) check_confirmed(member, node.advanced);
  if (announces && !was_writing) check_prefix(member, read_log());
  if (was_writing && !node.is_writing()) ++counts_["fenced"];
  if (!starts) return;
  ++counts_["primary"];
  const auto index = static_cast<std::uint64_t>(&member - members_.data());
  if (!writer_.emplace(*node.writing_epoch, index).second) throw Violation("an epoch was begun twice");
  // Whatever was called durable stands in the WAL of every later primary.
  for (const auto& [number, entry] : durable_) {
    if (number > node.wal.last() || node.wal.read(number, number, 1).at(0) != entry) {
      throw Violation("a later primary misses durable entry " + number_of(number));
    }
  }
}

void RandomCluster::write(Member& member) {
  MemoryNode& node = *member.node;
  if (!node.is_writing()) return;
  // Some entries are the same on every node, as the rows of clients that send to both may be.
  const bool common = random_.below(20) == 0;
  node.write(common ? "common" : node.options.node + "-" + number_of(++writes_));
}

void RandomCluster::crash(Member& member) {
  MemoryNode& node = *member.node;
  node.crash();
  if (random_.below(3) == 0) {
    node.wal.process_kill();
    ++counts_["killed"];
  } else {
    node.wal.power_cut(random_.below(3));
    ++counts_["power cut"];
  }
  note_synced(member);
}

/// Remembers what the disk cannot lose any more.
void RandomCluster::note_synced(Member& member) {
  const MemoryNode& node = *member.node;
  for (const std::string& entry : node.wal.read(1, node.wal.synced(), std::size_t{1} << 30))
    synced_.insert(entry);
}

void RandomCluster::heal() {
  faulty_.set_rates({});
  faulty_.release();
  for (Member& member : members_) {
    if (!member.node->is_up()) member.node->start();
  }
  bool provoked = false;
  for (int round = 0; round < kHealRounds; ++round) {
    for (Member& member : members_) {
      member.node->wal.sync();
      note_synced(member);
      step(member);
    }
    if (round % kHealPause != kHealPause - 1) continue;
    const bool nobody = std::none_of(members_.begin(), members_.end(), [](const Member& member) {
      return member.node->replicator->status().role != Role::replica;
    });
    if (nobody) members_[random_.below(members_.size())].node->replicator->promote();
    if (provoked && is_well()) return;
    // Deposed primaries that are idle learn of it by writing.
    if (!nobody && !provoked) {
      for (Member& member : members_) write(member);
      provoked = true;
    }
  }
  throw Violation("the cluster did not get well again: " + members_[0].node->replicator->status().last_error +
                  " / " + members_[1].node->replicator->status().last_error + " / " +
                  members_[2].node->replicator->status().last_error);
}

bool RandomCluster::is_well() const {
  const auto primaries = std::count_if(members_.begin(), members_.end(),
                                       [](const Member& member) { return member.node->is_writing(); });
  const std::uint64_t through = members_[0].node->replicator->status().through;
  return primaries == 1 && std::all_of(members_.begin(), members_.end(), [&](const Member& member) {
           const MemoryNode& node = *member.node;
           return node.replicator->status().through == through && node.advanced == through &&
                  (!node.is_writing() || node.wal.last() == through);
         });
}

std::optional<Record> RandomCluster::record_at(std::uint64_t epoch, std::uint64_t seq) {
  std::string bytes;
  std::string why;
  if (memory_->get(record_key(epoch, seq), bytes, why) != GetResult::found) return std::nullopt;
  return decode_record(bytes);
}

std::vector<std::string> RandomCluster::read_log(std::vector<Slot>* slots) {
  std::vector<std::string> log;
  std::string bytes;
  std::string why;
  for (std::uint64_t epoch = 1; memory_->get(claim_key(epoch), bytes, why) == GetResult::found; ++epoch) {
    for (std::uint64_t seq = 0;; ++seq) {
      const auto record = record_at(epoch, seq);
      if (!record || record->kind == RecordKind::seal) break;
      if (record->first_entry != log.size() + 1) {
        throw Violation(record_key(epoch, seq) + " begins with entry " + number_of(record->first_entry) +
                        ", the log before it ends with " + number_of(log.size()));
      }
      log.insert(log.end(), record->entries.begin(), record->entries.end());
      if (slots != nullptr) slots->resize(log.size(), Slot{epoch, seq});
    }
  }
  return log;
}

/// A primary calls entries durable: they stand in the log, before any seal of its epoch.
void RandomCluster::check_confirmed(const Member& member, std::uint64_t through) {
  ++counts_["confirmed"];
  std::vector<Slot> slots;
  const std::vector<std::string> log = read_log(&slots);
  if (through > log.size()) throw Violation("entry " + number_of(through) + " is called durable past a seal");
  if (through > 0 && slots[through - 1].epoch > *member.node->writing_epoch) {
    throw Violation("entry " + number_of(through) + " is called durable by a node that did not write it");
  }
  check_prefix(member, log);
  const std::vector<std::string> own = member.node->wal.read(1, through, std::size_t{1} << 30);
  for (std::uint64_t number = 1; number <= through; ++number) {
    const auto [known, is_new] = durable_.try_emplace(number, own[number - 1]);
    if (!is_new && known->second != own[number - 1]) {
      throw Violation("entry " + number_of(number) + " was called durable with other bytes before");
    }
  }
}

/// What a node takes for the log is the beginning of the log, byte by byte.
void RandomCluster::check_prefix(const Member& member, const std::vector<std::string>& log) {
  const MemoryNode& node = *member.node;
  if (node.wal.synced() < node.advanced) throw Violation("a node announces entries that it has not synced");
  const std::vector<std::string> own = node.wal.read(1, node.advanced, std::size_t{1} << 30);
  if (own.size() > log.size() || !std::equal(own.begin(), own.end(), log.begin())) {
    throw Violation("node " + node.options.node + " is not a prefix of the log");
  }
}

/// The whole log: the chain of hashes, the clock, numbers, and everything that was called durable.
void RandomCluster::check_log() {
  const std::vector<std::string> log = read_log();
  for (const auto& [number, entry] : durable_) {
    if (number > log.size() || log[number - 1] != entry) {
      throw Violation("durable entry " + number_of(number) + " is lost");
    }
  }
  base::Sha256 parent{};
  std::int64_t clock = 0;
  std::string why;
  for (std::uint64_t epoch = 1;; ++epoch) {
    std::string bytes;
    if (memory_->get(claim_key(epoch), bytes, why) != GetResult::found) break;
    for (std::uint64_t seq = 0; memory_->get(record_key(epoch, seq), bytes, why) == GetResult::found; ++seq) {
      const Record record = decode_record(bytes);
      if (record.kind == RecordKind::seal) {
        ++counts_[seq == 0 ? "sealed empty" : "sealed"];
        if (record_at(epoch, seq + 1)) throw Violation("something was written behind a seal");
        break;
      }
      if (record.parent != parent) throw Violation("the chain of hashes breaks");
      if (record.clock <= clock) throw Violation("the log's clock went back");
      parent = record_hash(bytes);
      clock = record.clock;
    }
  }
  for (const Member& member : members_) check_prefix(member, log);
}

/// Every entry that a surviving disk had synced stands in the log or was rescued, or waits in a WAL. None
/// stands twice in the log.
void RandomCluster::check_nothing_lost() {
  std::map<std::string, int> found;
  for (const std::string& entry : read_log()) {
    if (++found[entry] > 1 && entry != "common")
      throw Violation("entry " + entry + " stands twice in the log");
  }
  for (const Member& member : members_) {
    const MemoryNode& node = *member.node;
    for (const std::string& entry : node.rescue.entries) ++found[entry];
    for (const std::string& entry : node.wal.read(1, node.wal.last(), std::size_t{1} << 30)) ++found[entry];
  }
  for (const std::string& entry : synced_) {
    if (!found.contains(entry)) throw Violation("synced entry " + entry + " is lost");
  }
}

}  // namespace questnode::replication
