#include "front/http_server.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "raw_client.hpp"

namespace questnode::front {
namespace {

using test::RawClient;

/// Echoes bodies; /hold answers when the test says so; /big, /error, /throw answer what they are called.
class Echo final : public Handler {
 public:
  void handle(Request request, std::function<void(Response)> reply) override {
    Response response;
    response.status = 200;
    response.body = request.method + " " + request.path + " [" + request.body + "]";
    if (request.path == "/throw") throw std::runtime_error("as asked");
    if (request.path == "/none") response = Response{};
    if (request.path == "/long") response.body = std::string(30 << 20, 'x') + '!';
    if (request.path == "/error") {
      response.status = 400;
      response.chunked = true;
    }
    const std::lock_guard lock(mutex_);
    requests.push_back(std::move(request));
    if (requests.back().path == "/hold") {
      held_.emplace_back(std::move(reply), std::move(response));
    } else {
      reply(std::move(response));
    }
    changed_.notify_all();
  }
  void await_requests(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests.size() >= count; });
  }
  void let_go() {
    std::unique_lock lock(mutex_);
    for (Request& request : requests) request.held.set(0);
    for (auto& [reply, response] : held_) reply(std::move(response));
    held_.clear();
  }
  std::size_t handled() {
    const std::lock_guard lock(mutex_);
    return requests.size();
  }

  std::vector<Request> requests;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::function<void(Response)>, Response>> held_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServer& start() {
    server_ = std::make_unique<HttpServer>(options_, echo_);
    return *server_;
  }

  HttpServerOptions options_;
  Echo echo_;
  std::unique_ptr<HttpServer> server_;
};

constexpr std::string_view kPost = "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";

TEST_F(HttpServerTest, KeepsTheConnectionAliveBetweenRequests) {
  start();
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    client.send(kPost);
    const std::string answer = client.read_through("[hello]");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Content-Length: 19\r\n"), std::string::npos) << answer;
  }
  EXPECT_EQ(echo_.handled(), 3U);
}

TEST_F(HttpServerTest, ClosesWhenTheClientAsksForIt) {
  start();
  RawClient client(server_->port());
  client.send("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("GET /a []")) << answer;
}

TEST_F(HttpServerTest, DecodesTargetAndShowsHeadersWithoutCase) {
  start();
  RawClient client(server_->port());
  client.send("GET /a%20b?q=1%2B1+x&empty=&flag HTTP/1.1\r\nX-Thing: Value\r\n\r\n");
  client.read_through("[]");
  const Request& request = echo_.requests.at(0);
  EXPECT_EQ(request.path, "/a b");
  EXPECT_EQ(request.query.at("q"), "1+1 x");
  EXPECT_EQ(request.query.at("empty"), "");
  EXPECT_EQ(request.query.at("flag"), "");
  EXPECT_EQ(request.header("x-thing"), "Value");
  EXPECT_EQ(request.header("absent"), "");
}

TEST_F(HttpServerTest, TakesChunkedBodies) {
  start();
  RawClient client(server_->port());
  client.send("POST /w HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.send("2;note=x\r\nde\r\n00\r\n\r\n");
  EXPECT_TRUE(client.read_through("[abcde]").ends_with("[abcde]"));
}

TEST_F(HttpServerTest, SendsErrorsChunkedAndNoContentWithoutLength) {
  start();
  RawClient client(server_->port());
  client.send("GET /error HTTP/1.1\r\n\r\n");
  const std::string error = client.read_through("0\r\n\r\n");
  EXPECT_NE(error.find("Transfer-Encoding: chunked\r\n\r\nd\r\nGET /error []\r\n0\r\n\r\n"),
            std::string::npos)
      << error;
  client.send("GET /none HTTP/1.1\r\n\r\n");
  const std::string none = client.read_through("\r\n\r\n");
  EXPECT_TRUE(none.starts_with("HTTP/1.1 204 No Content\r\n")) << none;
  EXPECT_EQ(none.find("Content-Length"), std::string::npos) << none;
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  start();
  RawClient client(server_->port());
  client.send("HEAD /a HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, NoInterimAnswerToExpectContinue) {
  start();
  RawClient client(server_->port());
  client.send("POST /w HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_TRUE(client.read_through("[ab]").starts_with("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, MalformedHttpIsRefusedAndTheConnectionCloses) {
  start();
  for (const std::string_view bytes :
       {"nonsense\r\n\r\n", "GET /a HTTP/9.9\r\n\r\n", "GET /a HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Length: many\r\n\r\n", "GET /%zz HTTP/1.1\r\n\r\n",
        "GET relative HTTP/1.1\r\n\r\n", "POST /w HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    RawClient client(server_->port());
    client.send(bytes);
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << bytes << " -> " << answer;
  }
  EXPECT_EQ(echo_.handled(), 0U);
}

TEST_F(HttpServerTest, PostWithoutLengthIsRefused) {
  start();
  RawClient client(server_->port());
  client.send("POST /w HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, TooLongABodyIsRefusedWhicheverWayItComes) {
  options_.max_body_bytes = 100;
  start();
  RawClient announced(server_->port());
  announced.send("POST /w HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'));
  EXPECT_TRUE(announced.read_to_end().starts_with("HTTP/1.1 413 "));
  RawClient chunked(server_->port());
  chunked.send("POST /w HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'x') +
               "\r\n");
  EXPECT_TRUE(chunked.read_to_end().starts_with("HTTP/1.1 413 "));
  EXPECT_EQ(echo_.handled(), 0U);
}

TEST_F(HttpServerTest, ARefusedClientReadsTheReasonThoughItStillSends) {
  options_.max_body_bytes = 100;
  start();
  RawClient client(server_->port());
  client.send("POST /w HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n" + std::string(4'000'000, 'x'));
  client.close_sending();
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, TooLongAHeaderIsRefused) {
  options_.max_header_bytes = 1000;
  start();
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, ABodyThatIsCutOffIsNotHandled) {
  start();
  RawClient client(server_->port());
  client.send("POST /w HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  client.close_sending();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(echo_.handled(), 0U);
}

TEST_F(HttpServerTest, APipelinedRequestDisconnectsBeforeTheFirstIsHandled) {
  start();
  RawClient client(server_->port());
  client.send(std::string(kPost) + std::string(kPost));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(echo_.handled(), 0U);
}

TEST_F(HttpServerTest, ARequestSentWhileTheFirstIsHandledDisconnects) {
  start();
  RawClient client(server_->port());
  client.send("GET /hold HTTP/1.1\r\n\r\n");
  echo_.await_requests(1);
  client.send(kPost);
  echo_.let_go();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(echo_.handled(), 1U);
}

TEST_F(HttpServerTest, AnswersMayComeLaterFromAnotherThread) {
  start();
  RawClient client(server_->port());
  client.send("GET /hold HTTP/1.1\r\n\r\n");
  echo_.await_requests(1);
  echo_.let_go();
  EXPECT_TRUE(client.read_through("[]").ends_with("GET /hold []"));
}

TEST_F(HttpServerTest, AThrowingHandlerIsAnInternalError) {
  start();
  RawClient client(server_->port());
  client.send("GET /throw HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, MoreConnectionsThanAllowedAreToldSo) {
  options_.max_connections = 1;
  start();
  RawClient first(server_->port());
  first.send("GET /a HTTP/1.1\r\n\r\n");
  first.read_through("[]");
  {
    RawClient second(server_->port());
    EXPECT_TRUE(second.read_to_end().starts_with("HTTP/1.1 429 "));
  }
  first.send("GET /b HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(first.read_through("[]").ends_with("GET /b []"));
}

TEST_F(HttpServerTest, BodiesBeyondTheBoundOfAllConnectionsAreRefusedUntilOthersAreDone) {
  options_.memory = std::make_shared<base::ByteBudget>(8);
  start();
  RawClient first(server_->port());
  first.send("POST /hold HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
  echo_.await_requests(1);
  RawClient second(server_->port());
  second.send(kPost);
  EXPECT_TRUE(second.read_to_end().starts_with("HTTP/1.1 503 "));
  echo_.let_go();
  first.read_through("[hello]");
  RawClient third(server_->port());
  third.send(kPost);
  EXPECT_TRUE(third.read_through("[hello]").starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, ABodyThatWasRefusedIsNotHeldWhileItsConnectionEnds) {
  options_.memory = std::make_shared<base::ByteBudget>(100'000);
  start();
  RawClient client(server_->port());
  client.send("POST /w HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  EXPECT_TRUE(client.read_through("\r\n\r\n").starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(options_.memory->held(), 0U);
}

TEST_F(HttpServerTest, LongAnswersThatNobodyReadsAreBoundedTogether) {
  options_.memory = std::make_shared<base::ByteBudget>(40 << 20);
  start();
  const std::string ask = "GET /long HTTP/1.1\r\n\r\n";
  RawClient idle(server_->port());
  idle.send(ask);
  idle.read_through("200 OK");  // The rest stays in the server: it is longer than what sockets hold.
  RawClient refused(server_->port());
  refused.send(ask);
  EXPECT_TRUE(refused.read_to_end().starts_with("HTTP/1.1 503 "));
  RawClient small(server_->port());
  small.send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(small.read_through("[]").starts_with("HTTP/1.1 200 "));
  idle.read_through("!");
  while (options_.memory->held() > 0) std::this_thread::yield();
}

TEST_F(HttpServerTest, SlowClientsAreCutOff) {
  options_.idle_timeout = options_.header_timeout = options_.transfer_timeout = std::chrono::milliseconds(50);
  start();
  for (const std::string_view beginning :
       {"", "GET /a HT", "POST /w HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"}) {
    RawClient client(server_->port());
    client.send(beginning);
    EXPECT_EQ(client.read_to_end(), "") << beginning;
  }
  EXPECT_EQ(echo_.handled(), 0U);
}

TEST_F(HttpServerTest, StoppingClosesConnectionsAndSilencesLateReplies) {
  start();
  RawClient idle(server_->port());
  RawClient waiting(server_->port());
  waiting.send("GET /hold HTTP/1.1\r\n\r\n");
  echo_.await_requests(1);
  server_.reset();
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(waiting.read_to_end(), "");
  echo_.let_go();
}

TEST_F(HttpServerTest, AnAddressInUseIsNamed) {
  start();
  HttpServerOptions same = options_;
  same.port = server_->port();
  try {
    HttpServer second(same, echo_);
    FAIL() << "bound twice";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("127.0.0.1:" + std::to_string(same.port)), std::string::npos);
  }
}

}  // namespace
}  // namespace questnode::front
