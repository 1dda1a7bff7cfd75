// Rule 8 of server-stub/object_store/README.md, with a lying store for each lie.
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>

#include <gtest/gtest.h>

#include "object_store/faulty_store.hpp"
#include "object_store/fs_store.hpp"
#include "object_store/object_store.hpp"
#include "support/temporary_directory.hpp"

namespace questnode::object_store {
namespace {

/// Base of the liars: a map, and nothing that a probe does not ask.
class Liar : public ObjectStore {
 public:
  PutResult replace(const std::string&, std::string_view, std::string&) override {
    return PutResult::unknown;
  }
  GetResult get(const std::string& key, std::string& bytes, std::string&) override {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return GetResult::absent;
    bytes = found->second;
    return GetResult::found;
  }
  std::vector<std::string> list(const std::string&) override { return {}; }
  std::string describe() const override { return "liar"; }

 protected:
  std::mutex mutex_;
  std::map<std::string, std::string> objects_;
};

class Overwriter final : public Liar {
 public:
  PutResult put(const std::string& key, std::string_view bytes, std::string&) override {
    const std::lock_guard lock(mutex_);
    const bool there = objects_.contains(key);
    objects_[key] = bytes;
    return there ? PutResult::exists : PutResult::written;
  }
};

class AlwaysWritten final : public Liar {
 public:
  PutResult put(const std::string& key, std::string_view bytes, std::string&) override {
    const std::lock_guard lock(mutex_);
    objects_.try_emplace(key, bytes);
    return PutResult::written;
  }
};

/// Honest to callers that come one after another, but looks and writes in two steps.
class Racy final : public Liar {
 public:
  PutResult put(const std::string& key, std::string_view bytes, std::string&) override {
    std::unique_lock lock(mutex_);
    if (objects_.contains(key)) return PutResult::exists;
    ++writers_;
    arrived_.notify_all();
    // The race's second writer is on its way; the first call of the sequence is alone and goes on.
    if (key.find("race") != std::string::npos) arrived_.wait(lock, [&] { return writers_ >= 3; });
    objects_[key] = bytes;
    return PutResult::written;
  }

 private:
  std::condition_variable arrived_;
  int writers_ = 0;
};

/// Writes the object in place: a reader that comes in between sees its first half.
class Torn final : public Liar {
 public:
  PutResult put(const std::string& key, std::string_view bytes, std::string&) override {
    std::unique_lock lock(mutex_);
    if (objects_.contains(key)) return PutResult::exists;
    objects_[key] = bytes.substr(0, bytes.size() / 2);
    if (key.find("race") != std::string::npos) read_.wait(lock, [&] { return torn_reads_ > 0; });
    objects_[key] = bytes;
    return PutResult::written;
  }
  GetResult get(const std::string& key, std::string& bytes, std::string& why) override {
    const GetResult result = Liar::get(key, bytes, why);
    const std::lock_guard lock(mutex_);
    if (result == GetResult::found && key.find("race") != std::string::npos) ++torn_reads_;
    read_.notify_all();
    return result;
  }

 private:
  std::condition_variable read_;
  int torn_reads_ = 0;
};

class Truncating final : public Liar {
 public:
  PutResult put(const std::string& key, std::string_view bytes, std::string&) override {
    const std::lock_guard lock(mutex_);
    return objects_.try_emplace(key, bytes.substr(0, 100)).second ? PutResult::written : PutResult::exists;
  }
};

class Silent final : public Liar {
 public:
  PutResult put(const std::string&, std::string_view, std::string& why) override {
    why = "connection refused";
    return PutResult::unknown;
  }
};

std::string verdict(ObjectStore& store) {
  try {
    require_put_if_absent(store, "node-a", "1f");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

template <class Store>
std::string verdict_of() {
  Store store;
  return verdict(store);
}

TEST(Probe, HonestStoresAreAccepted) {
  EXPECT_EQ(verdict(*make_memory_store()), "accepted");
  const questclient::test::TemporaryDirectory directory;
  FsStore store({directory.path() / "final", directory.path() / "scratch"});
  EXPECT_EQ(verdict(store), "accepted");
  EXPECT_FALSE(store.list("probe/node-a/1f/").empty());
}

TEST(Probe, StoreThatOverwritesIsRefused) {
  EXPECT_NE(verdict_of<Overwriter>().find("a second put overwrote the first"), std::string::npos);
}

TEST(Probe, StoreThatSaysWrittenTwiceIsRefused) {
  EXPECT_NE(verdict_of<AlwaysWritten>().find("`written` for a second put"), std::string::npos);
}

TEST(Probe, StoreThatLetsTwoRacersWinIsRefused) {
  const std::string text = verdict_of<Racy>();
  EXPECT_TRUE(text.find("two writers") != std::string::npos || text.find("changed") != std::string::npos)
      << text;
}

TEST(Probe, StoreThatExposesTornContentIsRefused) {
  EXPECT_NE(verdict_of<Torn>().find("incomplete"), std::string::npos);
}

TEST(Probe, StoreThatCutsContentOffIsRefused) {
  EXPECT_NE(verdict_of<Truncating>().find("other bytes than were written"), std::string::npos);
}

TEST(Probe, StoreThatDoesNotAnswerIsNamedWithItsReason) {
  EXPECT_NE(verdict_of<Silent>().find("does not answer: connection refused"), std::string::npos);
}

TEST(Probe, LostAnswersOfAnHonestStoreAreForgiven) {
  const auto memory = make_memory_store();
  FaultyStore store(*memory, 1);
  store.script_put("probe/", PutFault::answer_lost);
  store.script_get("probe/", GetFault::unknown);
  EXPECT_EQ(verdict(store), "accepted");
}

}  // namespace
}  // namespace questnode::object_store
