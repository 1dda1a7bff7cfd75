// The promises of docs/replication.md under random schedules, and three stores that must make them fail.
#include <iostream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "unit/replication/random_cluster.hpp"

namespace questnode::replication {
namespace {

using object_store::GetResult;
using object_store::ObjectStore;
using object_store::PutResult;

constexpr std::uint64_t kSchedules = 2000;
constexpr std::uint64_t kSchedulesForABug = 300;
constexpr int kSteps = 250;

class ForwardingStore : public ObjectStore {
 public:
  explicit ForwardingStore(ObjectStore& inner) : inner_(inner) {}
  PutResult put(const std::string& key, std::string_view bytes, std::string& why) override {
    return inner_.put(key, bytes, why);
  }
  PutResult replace(const std::string& key, std::string_view bytes, std::string& why) override {
    return inner_.replace(key, bytes, why);
  }
  GetResult get(const std::string& key, std::string& bytes, std::string& why) override {
    return inner_.get(key, bytes, why);
  }
  std::vector<std::string> list(const std::string&) override {
    throw Violation("a replicator asked for a LIST");
  }
  std::string describe() const override { return "forwarding"; }

 protected:
  ObjectStore& inner_;
};

bool is_seal(std::string_view bytes) {
  return bytes.starts_with("QNLOGREC") && decode_record(bytes).kind == RecordKind::seal;
}

/// Swallows SEALs, but shows them to whoever wrote them, as a store with a lying cache would.
class SealSwallower final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  PutResult put(const std::string& key, std::string_view bytes, std::string& why) override {
    if (!is_seal(bytes)) return ForwardingStore::put(key, bytes, why);
    swallowed_.try_emplace(key, bytes);
    return PutResult::written;
  }
  GetResult get(const std::string& key, std::string& bytes, std::string& why) override {
    const auto found = swallowed_.find(key);
    if (found == swallowed_.end()) return ForwardingStore::get(key, bytes, why);
    bytes = found->second;
    return GetResult::found;
  }

 private:
  std::map<std::string, std::string> swallowed_;
};

/// Swallows SEALs and says `written`: nobody ever finds them.
class SealLoser final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  PutResult put(const std::string& key, std::string_view bytes, std::string& why) override {
    return is_seal(bytes) ? PutResult::written : ForwardingStore::put(key, bytes, why);
  }
};

/// Says `written` to the second writer of a name, too, and shows each what it wrote.
class TwoWinners final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  PutResult put(const std::string& key, std::string_view bytes, std::string& why) override {
    const PutResult result = ForwardingStore::put(key, bytes, why);
    return result == PutResult::exists ? PutResult::written : result;
  }
};

template <class Store>
std::unique_ptr<ObjectStore> seen_through(ObjectStore& store) {
  return std::make_unique<Store>(store);
}

/// The first violation in some schedules; empty: none.
template <class Store>
std::string first_violation() {
  for (std::uint64_t seed = 1; seed <= kSchedulesForABug; ++seed) {
    try {
      RandomCluster(seed, seen_through<Store>).run(kSteps);
    } catch (const Violation& violation) {
      return violation.what();
    }
  }
  return "";
}

TEST(RandomSchedules, PromisesHold) {
  std::map<std::string, int> counts;
  for (std::uint64_t seed = 1; seed <= kSchedules; ++seed) {
    RandomCluster cluster(seed, seen_through<ForwardingStore>);
    try {
      cluster.run(kSteps);
    } catch (const std::exception& error) {
      FAIL() << "seed " << seed << ": " << error.what();
    }
    for (const auto& [what, count] : cluster.counts()) counts[what] += count;
  }
  for (const auto& [what, count] : counts) std::cout << what << ": " << count << "\n";
  // Schedules in which nothing happens prove nothing.
  for (const char* what : {"confirmed", "fenced", "killed", "late put landed", "power cut", "primary",
                           "promote", "rescued", "sealed", "sealed empty"}) {
    EXPECT_GT(counts[what], static_cast<int>(kSchedules) / 20) << what;
  }
}

TEST(RandomSchedules, StoreThatSwallowsSealsIsFoundOut) {
  const std::string violation = first_violation<SealSwallower>();
  std::cout << violation << "\n";
  EXPECT_NE(violation, "");
  EXPECT_EQ(violation.find("did not get well"), std::string::npos)
      << "a promise breaks, it does not only hang";
}

TEST(RandomSchedules, StoreThatLosesSealsIsFoundOut) {
  const std::string violation = first_violation<SealLoser>();
  std::cout << violation << "\n";
  EXPECT_NE(violation, "");
}

TEST(RandomSchedules, StoreWithTwoWinnersIsFoundOut) {
  const std::string violation = first_violation<TwoWinners>();
  std::cout << violation << "\n";
  EXPECT_NE(violation, "");
}

}  // namespace
}  // namespace questnode::replication
