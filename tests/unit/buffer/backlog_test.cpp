// What a backlog costs when it is read: each log once.
#include <map>
#include <mutex>

#include "disk_calls.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

/// How often SQLite made the shared index of each log. Who makes it reads and checks the whole log; SQLite
/// cuts the file off first.
class IndexCount final : public DiskListener {
 public:
  explicit IndexCount(const std::filesystem::path& root) : root_(root) { listen_to_disk(this, root_); }
  ~IndexCount() override { listen_to_disk(nullptr, root_); }

  long handle(const DiskCall& call, const std::function<long(std::size_t)>& go) override {
    const std::string name = std::filesystem::path(call.path).filename().string();
    if (call.kind == DiskCall::Kind::truncate && name.starts_with("seg-") && name.ends_with("-shm")) {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++made_[name];
    }
    return go(call.amount);
  }
  std::map<std::string, int> made() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return made_;
  }

 private:
  const std::filesystem::path root_;
  std::mutex mutex_;
  std::map<std::string, int> made_;
};

class Backlog : public SlotTest {
 protected:
  Backlog() {
    options_.max_segment_bytes = 64 << 10;
    options_.max_memory_bytes = 0;
  }
  ~Backlog() override { slot_.reset(); }  // before the count ends

  IndexCount count_{root_};
};

TEST_F(Backlog, OfThisProcessIsReadWithoutCheckingItsLogsAgain) {
  open();
  for (Fsn n = 1; n <= 24; ++n) append(n, 9000);
  EXPECT_EQ(read_all().size(), 24U);
  slot_.reset();
  const auto made = count_.made();
  EXPECT_GT(made.size(), 8U);
  for (const auto& [log, times] : made) EXPECT_EQ(times, 1) << log;
}

TEST_F(Backlog, LongerThanWhatStaysOpenIsReadWhole) {
  open();
  for (Fsn n = 1; n <= 100; ++n) append(n, 9000);
  EXPECT_GT(files("seg-", ".db").size(), 30U);
  const auto all = read_all();
  ASSERT_EQ(all.size(), 100U);
  for (const auto& frame : all) EXPECT_EQ(rows_of(*frame), rows_for(frame->fsn, 9000));
  slot_->trim(100);
  slot_.reset();
}

}  // namespace
}  // namespace questclient::buffer
