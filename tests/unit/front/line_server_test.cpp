#include "front/line_server.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "raw_client.hpp"

namespace questnode::front {
namespace {

using test::RawClient;

/// What the connections sent, as commits; "hello" is answered, "bye" ends a connection, "again" is committed
/// at the second attempt only, "hold" when the test lets it go.
class Book final : public LineHandler {
 public:
  std::unique_ptr<LineConsumer> open() override;

  void write(std::string lines, std::function<void(AfterCommit)> done) {
    std::unique_lock lock(mutex_);
    if (lines == "again" && !repeated_) {
      repeated_ = true;
      lock.unlock();
      return done(AfterCommit::again);
    }
    commits_.push_back(lines);
    changed_.notify_all();
    if (lines == "hold") {
      held_ = std::move(done);
      return;
    }
    lock.unlock();
    done(lines == "close" ? AfterCommit::close : AfterCommit::go_on);
  }
  std::vector<std::string> await_commits(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return commits_.size() >= count; });
    return commits_;
  }
  std::string all() {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string& commit : commits_) text += commit;
    return text;
  }
  std::size_t commits() {
    const std::lock_guard lock(mutex_);
    return commits_.size();
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    held_(AfterCommit::go_on);
  }
  bool logged_in = true;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> commits_;
  std::function<void(AfterCommit)> held_;
  bool repeated_ = false;
};

class BookConsumer final : public LineConsumer {
 public:
  explicit BookConsumer(Book& book) : book_(book) {}
  std::optional<std::string> receive(std::string_view bytes) override {
    if (bytes == "hello") return "welcome";
    waiting_ += bytes;
    return bytes.ends_with("bye") ? std::nullopt : std::optional(std::string());
  }
  bool logged_in() const override { return book_.logged_in; }
  std::size_t committable() const override { return waiting_.size(); }
  void commit(std::function<void(AfterCommit)> done) override {
    const std::string lines = waiting_;
    book_.write(lines, [this, done = std::move(done)](AfterCommit next) {
      if (next != AfterCommit::again) waiting_.clear();
      done(next);
    });
  }

 private:
  Book& book_;
  std::string waiting_;
};

std::unique_ptr<LineConsumer> Book::open() {
  return std::make_unique<BookConsumer>(*this);
}

class LineServerTest : public ::testing::Test {
 protected:
  std::uint16_t start() {
    server_ = std::make_unique<LineServer>(options_, book_);
    return server_->port();
  }
  Book book_;
  LineServerOptions options_;
  std::unique_ptr<LineServer> server_;
};

TEST_F(LineServerTest, CommitsWhenTheInputPauses) {
  RawClient client(start());
  client.send("one");
  EXPECT_EQ(book_.await_commits(1), std::vector<std::string>{"one"});
  client.send("two");
  EXPECT_EQ(book_.await_commits(2).back(), "two");
}

TEST_F(LineServerTest, CommitsWhatIsLeftWhenTheClientCloses) {
  RawClient client(start());
  client.send("last");
  client.close_sending();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(book_.all(), "last");
}

TEST_F(LineServerTest, AnswersGoBack) {
  RawClient client(start());
  client.send("hello");
  EXPECT_EQ(client.read_through("welcome"), "welcome");
}

TEST_F(LineServerTest, TheConsumerEndsAConnectionAfterALastCommit) {
  RawClient client(start());
  client.send("rows, bye");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(book_.all(), "rows, bye");
}

TEST_F(LineServerTest, ACommitEndsAConnection) {
  RawClient client(start());
  client.send("close");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(LineServerTest, ACommitThatWasNotTakenIsMadeAgain) {
  options_.pause_before_again = std::chrono::milliseconds(5);
  RawClient client(start());
  client.send("again");
  EXPECT_EQ(book_.await_commits(1), std::vector<std::string>{"again"});
}

TEST_F(LineServerTest, NothingIsReadWhileACommitIsUnderWay) {
  RawClient client(start());
  client.send("hold");
  book_.await_commits(1);
  client.send("more");
  client.close_sending();
  EXPECT_EQ(book_.commits(), 1U);
  book_.let_go();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(book_.all(), "holdmore");
}

TEST_F(LineServerTest, WhoDoesNotLogInIsCutOff) {
  options_.login_timeout = std::chrono::milliseconds(50);
  book_.logged_in = false;
  RawClient client(start());
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(LineServerTest, MoreConnectionsThanAllowedAreClosed) {
  options_.max_connections = 1;
  const std::uint16_t port = start();
  RawClient first(port);
  first.send("hello");
  first.read_through("welcome");
  RawClient second(port);
  EXPECT_EQ(second.read_to_end(), "");
  first.send("still here");
  EXPECT_EQ(book_.await_commits(1).back(), "still here");
}

TEST_F(LineServerTest, StoppingClosesConnectionsAndSilencesLateCommits) {
  RawClient idle(start());
  RawClient waiting(server_->port());
  waiting.send("hold");
  book_.await_commits(1);
  server_.reset();
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(waiting.read_to_end(), "");
}

}  // namespace
}  // namespace questnode::front
