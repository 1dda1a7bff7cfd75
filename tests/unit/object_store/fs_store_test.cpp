// Rules by number: server-stub/object_store/README.md.
#include "object_store/fs_store.hpp"

#include <csignal>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utime.h>

#include <gtest/gtest.h>

#include "object_store/temporary_file.hpp"
#include "support/temporary_directory.hpp"

namespace questnode::object_store {
namespace {

namespace fs = std::filesystem;

class FsStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<FsStore> open() { return std::make_unique<FsStore>(FsConnection{root_, scratch_}); }
  static std::string get(ObjectStore& store, const std::string& key) {
    std::string bytes;
    std::string why;
    EXPECT_EQ(store.get(key, bytes, why), GetResult::found) << why;
    return bytes;
  }
  std::size_t scratch_files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(scratch_), {}));
  }

  questclient::test::TemporaryDirectory directory_;
  fs::path root_ = directory_.path() / "final";
  fs::path scratch_ = directory_.path() / "scratch";
  std::string why_;
};

TEST_F(FsStoreTest, ObjectIsReadBackAndTheFirstPutWins) {  // Rule 1.
  auto store = open();
  EXPECT_EQ(store->put("log/1/0", "first", why_), PutResult::written);
  EXPECT_EQ(store->put("log/1/0", "second", why_), PutResult::exists);
  EXPECT_EQ(get(*store, "log/1/0"), "first");
  EXPECT_EQ(get(*open(), "log/1/0"), "first") << "a new process sees the same";
  EXPECT_EQ(scratch_files(), 0U);
}

TEST_F(FsStoreTest, AbsentObjectIsAbsentAlsoWhereItsDirectoryIsMissing) {
  auto store = open();
  std::string bytes;
  EXPECT_EQ(store->get("log/1/0", bytes, why_), GetResult::absent);
  ASSERT_EQ(store->put("log/1/0", "x", why_), PutResult::written);
  EXPECT_EQ(store->get("log/1/1", bytes, why_), GetResult::absent);
}

TEST_F(FsStoreTest, EmptyAndBinaryObjectsAreKept) {
  auto store = open();
  const std::string binary("\0\n\xff;", 4);
  EXPECT_EQ(store->put("a", "", why_), PutResult::written);
  EXPECT_EQ(store->put("b", binary, why_), PutResult::written);
  EXPECT_EQ(get(*store, "a"), "");
  EXPECT_EQ(get(*store, "b"), binary);
}

TEST_F(FsStoreTest, OnlyNodeStatusCanBeReplaced) {  // Rule 1.
  auto store = open();
  EXPECT_EQ(store->replace("nodes/a", "one", why_), PutResult::written);
  EXPECT_EQ(store->replace("nodes/a", "two", why_), PutResult::written);
  EXPECT_EQ(get(*store, "nodes/a"), "two");
  EXPECT_THROW(store->replace("log/1/0", "x", why_), std::runtime_error);
  EXPECT_EQ(scratch_files(), 0U);
}

TEST_F(FsStoreTest, ListTellsKeysBelowAPrefixAndNoTemporaryFiles) {
  scratch_ = root_ / ".scratch";
  auto store = open();
  for (const char* key : {"log/1/0", "log/1/1", "log/10/0", "ctl/1"}) store->put(key, "x", why_);
  std::ofstream(scratch_ / "left") << "over";
  EXPECT_EQ(store->list("log/1/"), (std::vector<std::string>{"log/1/0", "log/1/1"}));
  EXPECT_EQ(store->list("log/1"), (std::vector<std::string>{"log/1/0", "log/1/1", "log/10/0"}));
  EXPECT_EQ(store->list("").size(), 4U);
  EXPECT_TRUE(store->list("absent/").empty());
}

TEST_F(FsStoreTest, KeysThatCouldLeaveTheRootAreRefused) {  // Rule 9.
  auto store = open();
  std::string bytes;
  for (const char* key :
       {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".scratch/x", "a b", "a\\b", "a\n"}) {
    EXPECT_THROW(store->put(key, "x", why_), std::runtime_error) << key;
    EXPECT_THROW(store->get(key, bytes, why_), std::runtime_error) << key;
  }
  EXPECT_THROW(store->put(std::string("a\0b", 3), "x", why_), std::runtime_error);
  EXPECT_THROW(store->put(std::string(256, 'a'), "x", why_), std::runtime_error);
}

TEST_F(FsStoreTest, LinkThatFailedAlthoughItLinkedCountsAsWritten) {  // Rule 4.
  const auto linked_but_failed = [](const char* from, const char* to) {
    const int result = ::link(from, to);
    errno = result == 0 ? EEXIST : errno;
    return -1;
  };
  const auto did_not_link = [](const char*, const char*) {
    errno = EIO;
    return -1;
  };
  open();
  const TemporaryFile first(scratch_, "first");
  const TemporaryFile second(scratch_, "second");
  EXPECT_EQ(first.link_to(root_ / "a", did_not_link), EIO);
  EXPECT_EQ(first.link_to(root_ / "a", linked_but_failed), 0);
  EXPECT_EQ(second.link_to(root_ / "a", linked_but_failed), EEXIST);
  EXPECT_EQ(second.link_to(root_ / "a"), EEXIST);
  EXPECT_EQ(second.link_to(root_ / "b"), 0);
}

TEST_F(FsStoreTest, RacingWritersHaveOneWinnerWhoseBytesStand) {  // Rules 1, 3.
  auto store = open();
  auto other = open();
  for (int round = 0; round < 20; ++round) {
    const std::string key = "race/" + std::to_string(round);
    std::array<PutResult, 8> results{};
    {
      std::vector<std::jthread> writers;
      for (std::size_t writer = 0; writer < results.size(); ++writer) {
        writers.emplace_back([&, writer] {
          std::string why;
          ObjectStore& mine = writer % 2 == 0 ? *store : *other;
          results[writer] = mine.put(key, std::string(5000, static_cast<char>('a' + writer)), why);
        });
      }
    }
    const auto winner = std::find(results.begin(), results.end(), PutResult::written);
    ASSERT_NE(winner, results.end());
    EXPECT_EQ(std::count(results.begin(), results.end(), PutResult::exists), 7);
    EXPECT_EQ(get(*store, key), std::string(5000, static_cast<char>('a' + (winner - results.begin()))));
  }
}

TEST_F(FsStoreTest, TemporaryFilesOfDeadWritersAreRemovedAtOpen) {  // Rule 7.
  open();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  std::array<char, 256> host{};
  ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
  const auto name = [&](const std::string& of_host, pid_t pid) {
    return scratch_ / ("put~" + of_host + "~" + std::to_string(pid) + "~nonce~1.tmp");
  };
  const fs::path dead = name(host.data(), child);
  const fs::path earlier_life = name(host.data(), ::getpid());
  const fs::path alive = name(host.data(), ::getppid());
  const fs::path foreign = name("elsewhere", child);
  const fs::path old_foreign = name("elsewhere", child + 1);
  const fs::path not_ours = scratch_ / "notes.txt";
  for (const auto& path : {dead, earlier_life, alive, foreign, old_foreign, not_ours})
    std::ofstream(path) << "x";
  const struct utimbuf long_ago { 1000, 1000 };
  ASSERT_EQ(::utime(old_foreign.c_str(), &long_ago), 0);
  ASSERT_EQ(::utime(not_ours.c_str(), &long_ago), 0);

  open();
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_FALSE(fs::exists(earlier_life)) << "the same pid, another process";
  EXPECT_FALSE(fs::exists(old_foreign));
  EXPECT_TRUE(fs::exists(alive));
  EXPECT_TRUE(fs::exists(foreign));
  EXPECT_TRUE(fs::exists(not_ours));
}

TEST_F(FsStoreTest, WriteErrorIsUnknownWithTheReasonAndLeavesNothing) {  // Rule 6.
  auto store = open();
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const PutResult result = store->put("log/1/0", std::string(10000, 'x'), why_);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  EXPECT_EQ(result, PutResult::unknown);
  EXPECT_NE(why_.find("cannot write"), std::string::npos) << why_;
  std::string bytes;
  EXPECT_EQ(store->get("log/1/0", bytes, why_), GetResult::absent);
  EXPECT_EQ(scratch_files(), 0U);
}

TEST_F(FsStoreTest, FileWhereADirectoryShouldBeIsUnknown) {  // Rule 6.
  auto store = open();
  ASSERT_EQ(store->put("log", "x", why_), PutResult::written);
  EXPECT_EQ(store->put("log/1", "x", why_), PutResult::unknown);
  std::string bytes;
  EXPECT_EQ(store->get("log/1", bytes, why_), GetResult::unknown);
  EXPECT_FALSE(why_.empty());
}

TEST_F(FsStoreTest, DirectoryThatWasRemovedIsMadeAgain) {
  auto store = open();
  ASSERT_EQ(store->put("log/1/0", "x", why_), PutResult::written);
  fs::remove_all(root_ / "log");
  EXPECT_EQ(store->put("log/1/0", "y", why_), PutResult::written) << why_;
  EXPECT_EQ(get(*store, "log/1/0"), "y");
}

TEST_F(FsStoreTest, AnotherDirectoryInPlaceOfTheRootDoesNotPassForAnEmptyStore) {  // Rule 6.
  auto store = open();
  ASSERT_EQ(store->put("ctl/1", "x", why_), PutResult::written);
  fs::rename(root_, directory_.path() / "elsewhere");
  std::string bytes;
  EXPECT_EQ(store->get("ctl/1", bytes, why_), GetResult::unknown);
  fs::create_directory(root_);
  EXPECT_EQ(store->get("ctl/1", bytes, why_), GetResult::unknown);
  EXPECT_NE(why_.find("another directory"), std::string::npos) << why_;
  EXPECT_EQ(store->put("ctl/1", "y", why_), PutResult::unknown);
}

TEST_F(FsStoreTest, ScratchOnAnotherFileSystemIsRefused) {
  if (struct stat other{}, mine{}; ::stat("/dev/shm", &other) != 0 ||
                                   ::stat(directory_.path().c_str(), &mine) != 0 ||
                                   other.st_dev == mine.st_dev) {
    // /proc always is a file system of its own.
    EXPECT_ANY_THROW(FsStore(FsConnection{root_, "/proc"}));
    return;
  }
  EXPECT_THROW(FsStore(FsConnection{root_, "/dev/shm"}), std::runtime_error);
}

TEST_F(FsStoreTest, ConnectionStringOpensAStore) {
  auto store = open_object_store("fs::root=" + root_.string() + ";");
  EXPECT_EQ(store->put("FORMAT", "x", why_), PutResult::written);
  EXPECT_EQ(store->describe(), "fs:" + root_.string());
  EXPECT_TRUE(fs::exists(root_ / ".scratch"));
}

}  // namespace
}  // namespace questnode::object_store
