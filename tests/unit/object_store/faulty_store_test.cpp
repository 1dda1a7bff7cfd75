#include "object_store/faulty_store.hpp"

#include <bit>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

namespace questnode::object_store {
namespace {

class FaultyStoreTest : public ::testing::Test {
 protected:
  std::string inner_bytes(const std::string& key) {
    std::string bytes;
    return inner_->get(key, bytes, why_) == GetResult::found ? bytes : "absent";
  }

  std::unique_ptr<ObjectStore> inner_ = make_memory_store();
  FaultyStore store_{*inner_, 7};
  std::string why_;
};

TEST_F(FaultyStoreTest, WithoutFaultsItIsTransparent) {
  EXPECT_EQ(store_.put("a", "x", why_), PutResult::written);
  EXPECT_EQ(store_.put("a", "y", why_), PutResult::exists);
  std::string bytes;
  EXPECT_EQ(store_.get("a", bytes, why_), GetResult::found);
  EXPECT_EQ(bytes, "x");
  EXPECT_EQ(store_.get("b", bytes, why_), GetResult::absent);
  EXPECT_EQ(store_.list("").size(), 1U);
}

TEST_F(FaultyStoreTest, ScriptedPutsGoAstrayOnceEach) {
  store_.script_put("log/", PutFault::lost);
  store_.script_put("log/", PutFault::answer_lost);
  EXPECT_EQ(store_.put("ctl/1", "x", why_), PutResult::written) << "another prefix";
  EXPECT_EQ(store_.put("log/1", "x", why_), PutResult::unknown);
  EXPECT_EQ(inner_bytes("log/1"), "absent");
  EXPECT_EQ(store_.put("log/1", "x", why_), PutResult::unknown);
  EXPECT_EQ(inner_bytes("log/1"), "x");
  EXPECT_EQ(store_.put("log/1", "y", why_), PutResult::exists);
}

TEST_F(FaultyStoreTest, DelayedPutLandsOnReleaseAndNeverOverwrites) {
  store_.script_put("", PutFault::delayed);
  store_.script_put("", PutFault::delayed);
  EXPECT_EQ(store_.put("a", "late", why_), PutResult::unknown);
  EXPECT_EQ(store_.put("b", "late", why_), PutResult::unknown);
  EXPECT_EQ(store_.put("b", "early", why_), PutResult::written);
  EXPECT_EQ(store_.delayed(), 2U);
  store_.release();
  EXPECT_EQ(inner_bytes("a"), "late");
  EXPECT_EQ(inner_bytes("b"), "early");
  EXPECT_FALSE(store_.release_one());
}

TEST_F(FaultyStoreTest, GetsAreUnansweredCutOffOrFlipped) {
  store_.put("a", "0123456789", why_);
  store_.script_get("a", GetFault::unknown);
  store_.script_get("a", GetFault::truncated);
  store_.script_get("a", GetFault::bit_flip);
  std::string bytes;
  EXPECT_EQ(store_.get("a", bytes, why_), GetResult::unknown);
  EXPECT_EQ(store_.get("a", bytes, why_), GetResult::found);
  EXPECT_LT(bytes.size(), 10U);
  EXPECT_EQ(store_.get("a", bytes, why_), GetResult::found);
  ASSERT_EQ(bytes.size(), 10U);
  int flipped = 0;
  for (std::size_t at = 0; at < 10; ++at) {
    flipped += std::popcount(static_cast<unsigned>(bytes[at] ^ static_cast<char>('0' + at)));
  }
  EXPECT_EQ(flipped, 1);
  EXPECT_EQ(inner_bytes("a"), "0123456789");
}

TEST_F(FaultyStoreTest, SameSeedGivesTheSameFaults) {
  const auto run = [](std::uint64_t seed) {
    const auto memory = make_memory_store();
    FaultyStore store(*memory, seed);
    store.set_rates({.put_lost = 200, .put_answer_lost = 200, .put_delayed = 200, .get_unknown = 300});
    std::string trace;
    std::string why;
    std::string bytes;
    for (int call = 0; call < 200; ++call) {
      const std::string key = std::to_string(call);
      trace += std::to_string(static_cast<int>(store.put(key, "x", why)));
      trace += std::to_string(static_cast<int>(store.get(key, bytes, why)));
      if (call % 10 == 0) trace += store.release_one() ? 'r' : '-';
    }
    return trace;
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

TEST_F(FaultyStoreTest, DroppedDelaysNeverArrive) {
  store_.script_put("", PutFault::delayed);
  store_.put("a", "x", why_);
  store_.drop_delayed();
  store_.release();
  EXPECT_EQ(inner_bytes("a"), "absent");
}

TEST_F(FaultyStoreTest, MemoryStoreRefusesTheSameKeysAsTheOthers) {
  EXPECT_THROW(inner_->put("../x", "y", why_), std::runtime_error);
  EXPECT_THROW(inner_->replace("log/1/0", "y", why_), std::runtime_error);
  EXPECT_EQ(inner_->replace("nodes/a", "one", why_), PutResult::written);
  EXPECT_EQ(inner_->replace("nodes/a", "two", why_), PutResult::written);
  EXPECT_EQ(inner_bytes("nodes/a"), "two");
}

}  // namespace
}  // namespace questnode::object_store
