// Against a scripted server on loopback.
#include "net/http_client.hpp"

#include <fcntl.h>
#include <future>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include <questclient/error.hpp>

#include "answers.hpp"
#include "base/gzip.hpp"
#include "client.hpp"
#include "support/loopback_server.hpp"

namespace questclient::net {
namespace {

using std::chrono::milliseconds;
using test::LoopbackServer;
using test::Peer;

TEST(HttpConnection, OneConnectionCarriesManyRequests) {
  std::promise<std::vector<std::size_t>> bodies;
  LoopbackServer server([&](Peer& peer) {
    std::vector<std::size_t> sizes;
    while (const auto request = peer.read_request()) {
      EXPECT_EQ(request->method, "POST");
      EXPECT_EQ(request->target, "/write");
      EXPECT_EQ(request->header("X-Test"), "1");
      EXPECT_EQ(request->header("Host"), server.address());
      sizes.push_back(request->body.size());
      peer.send(kNoContent);
    }
    bodies.set_value(sizes);
  });
  {
    Client client;
    ASSERT_FALSE(client.connect(server.port()).error);
    for (const std::size_t size : {0U, 1U, 100000U, 8000000U, 3U}) {
      const Outcome outcome = client.post(std::string(size, 'x'));
      ASSERT_FALSE(outcome.error) << outcome.error->message;
      EXPECT_EQ(outcome.response.status, 204);
    }
  }
  EXPECT_EQ(bodies.get_future().get(), (std::vector<std::size_t>{0, 1, 100000, 8000000, 3}));
}

TEST(HttpConnection, PacksTheBodyOnRequestAndSaysSo) {
  const std::string rows(1000000, 'x');
  LoopbackServer server([&](Peer& peer) {
    const auto packed = peer.read_request();
    EXPECT_EQ(packed->header("Content-Encoding"), "gzip");
    EXPECT_LT(packed->body.size(), rows.size() / 10);
    EXPECT_EQ(base::gunzip(packed->body, rows.size()), rows);
    peer.send(kNoContent);
    // Nothing to pack: no word of it.
    const auto empty = peer.read_request();
    EXPECT_EQ(empty->header("Content-Encoding"), "");
    peer.send(kNoContent);
    peer.wait_for_close();
  });
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  EXPECT_EQ(client.request({"POST", "/write", {}, rows, true}).response.status, 204);
  EXPECT_EQ(client.request({"POST", "/write", {}, "", true}).response.status, 204);
}

/// Of this process's own files, those that a program that it starts would get.
std::size_t inherited_sockets() {
  std::size_t count = 0;
  for (int descriptor = 3; descriptor < 256; ++descriptor) {
    struct stat what {};
    const int flags = ::fcntl(descriptor, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0 || ::fstat(descriptor, &what) != 0) continue;
    count += S_ISSOCK(what.st_mode) ? 1 : 0;
  }
  return count;
}

TEST(HttpConnection, ProgramsThatTheApplicationStartsInheritNoSocket) {
  LoopbackServer server(answer_everything);
  const std::size_t before = inherited_sockets();
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  ASSERT_FALSE(client.post("x").error);
  EXPECT_EQ(inherited_sockets(), before);
}

TEST(HttpConnection, SpeaksIpv6) {
  LoopbackServer server(
      [&](Peer& peer) {
        EXPECT_EQ(peer.read_request()->header("Host"), "[::1]:" + std::to_string(server.port()));
        peer.send(kNoContent);
      },
      true);
  Client client;
  ASSERT_FALSE(client.connect(server.port(), kLong, "::1").error);
  EXPECT_EQ(client.post("x").response.status, 204);
}

TEST(HttpConnection, ResolvesNames) {
  LoopbackServer server(answer_everything);
  Client client;
  ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
  EXPECT_EQ(client.post("x").response.status, 204);
}

TEST(HttpConnection, ARefusedConnectionSaysWhere) {
  const auto port = test::unused_port();
  const Outcome outcome = Client().connect(port);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::connect);
  EXPECT_FALSE(outcome.error->request_may_have_arrived);
  EXPECT_EQ(outcome.error->message, "connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST(HttpConnection, ASilentServerTimesOutInDoubt) {
  LoopbackServer server([](Peer& peer) { peer.wait_for_close(); });
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome outcome = client.post("x", kShort);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::timeout);
  EXPECT_TRUE(outcome.error->request_may_have_arrived);
  EXPECT_EQ(outcome.error->message, "request to " + server.address() + ": no complete answer within 30 ms");
}

TEST(HttpConnection, ATricklingAnswerDoesNotExtendTheDeadline) {
  LoopbackServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
    peer.wait_for_close();
  });
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome outcome = client.post("x", kShort);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::timeout);
}

TEST(HttpConnection, AServerThatClosesInTheMiddleLeavesDoubt) {
  LoopbackServer server([](Peer& peer) { peer.read_request(); });
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome outcome = client.post("x");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::reset);
  EXPECT_TRUE(outcome.error->request_may_have_arrived);
}

TEST(HttpConnection, AnIdleConnectionThatTheServerClosedLeavesNoDoubt) {
  std::promise<void> closed;
  LoopbackServer server([&](Peer& peer) {
    peer.read_request();
    peer.send(kNoContent);
    peer.reset();  // the reset is there as soon as the connection is closed
  });
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  ASSERT_FALSE(client.post("x").error);
  server.stop();  // returns once the connection is closed
  const Outcome outcome = client.post("y");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::closed);
  EXPECT_FALSE(outcome.error->request_may_have_arrived);
  EXPECT_EQ(client.post("z").error->kind, NetError::Kind::closed);
}

TEST(HttpConnection, AnAnswerThatEndsTheConnectionIsDelivered) {
  LoopbackServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 429 Too Many\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
  });
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome first = client.post("x");
  ASSERT_FALSE(first.error);
  EXPECT_EQ(first.response.status, 429);
  EXPECT_EQ(first.response.body, "no");
  EXPECT_EQ(client.post("y").error->kind, NetError::Kind::closed);
}

TEST(HttpConnection, AnAnswerWithBytesBehindItCountsAndIsTheLast) {
  LoopbackServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nOK");
    peer.wait_for_close();
  });
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome first = client.post("x");
  ASSERT_FALSE(first.error) << first.error->message;
  EXPECT_EQ(first.response.status, 204);
  EXPECT_EQ(first.response.header("Connection"), "close") << "for those who would use it again";
  const Outcome second = client.post("y");
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->kind, NetError::Kind::closed);
  EXPECT_FALSE(second.error->request_may_have_arrived);
}

TEST(HttpConnection, ARefusalIsHeardBeforeTheBodyIsSent) {
  std::promise<void> heard;
  LoopbackServer server([&](Peer& peer) {
    peer.wait_for_input();
    peer.send("HTTP/1.1 421 Misdirected\r\nX-QuestDB-Role: REPLICA\r\nContent-Length: 0\r\n\r\n");
    heard.get_future().wait();  // the body is never read
  });
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  // Larger than what the kernel takes for a peer that does not read.
  const Outcome outcome = client.post(std::string(64 << 20, 'x'));
  heard.set_value();
  ASSERT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_EQ(outcome.response.status, 421);
  EXPECT_EQ(outcome.response.header("x-questdb-role"), "REPLICA");
}

// README 10: rows that were not sent would leave the slot.
TEST(HttpConnection, ASuccessBeforeTheBodyIsSentIsNone) {
  for (const char* answer : {kNoContent, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    std::promise<void> heard;
    LoopbackServer server([&](Peer& peer) {
      peer.wait_for_input();
      peer.send(answer);
      heard.get_future().wait();  // the body is never read
    });
    Client client;
    ASSERT_FALSE(client.connect(server.port()).error);
    const Outcome outcome = client.post(std::string(64 << 20, 'x'));
    heard.set_value();
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->kind, NetError::Kind::malformed);
    EXPECT_TRUE(outcome.error->request_may_have_arrived);
    EXPECT_NE(outcome.error->message.find("before it had the whole request"), std::string::npos)
        << outcome.error->message;
    EXPECT_EQ(client.post("y").error->kind, NetError::Kind::closed);
  }
}

TEST(HttpConnection, TooLongAnswersFail) {
  LoopbackServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'));
    peer.wait_for_close();
  });
  Client client(100);
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome outcome = client.post("x");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::too_large);
  EXPECT_TRUE(outcome.error->request_may_have_arrived);
}

TEST(HttpConnection, DestructionCancelsSilently) {
  std::promise<void> arrived;
  LoopbackServer server([&](Peer& peer) {
    peer.read_request();
    arrived.set_value();
    peer.wait_for_close();
  });
  EventLoop loop;
  auto connection = std::make_unique<HttpConnection>(loop);
  bool called_back = false;
  connection->connect("127.0.0.1", server.port(), kLong, [&](const NetError* error) {
    ASSERT_EQ(error, nullptr);
    connection->request({"POST", "/write", {}, "x"}, kLong,
                        [&](const NetError*, HttpResponse) { called_back = true; });
  });
  std::thread thread([&] { loop.run(); });
  arrived.get_future().wait();
  loop.post([&] {
    connection.reset();
    loop.post([&] { loop.stop(); });
  });
  thread.join();
  server.stop();  // the server has seen the end of the connection
  EXPECT_FALSE(called_back);
}

TEST(HttpConnection, MayBeDestroyedByItsOwnCallback) {
  LoopbackServer server(answer_everything);
  EventLoop loop;
  auto connection = std::make_unique<HttpConnection>(loop);
  int status = 0;
  connection->connect("127.0.0.1", server.port(), kLong, [&](const NetError* error) {
    ASSERT_EQ(error, nullptr);
    connection->request({"POST", "/write", {}, "x"}, kLong, [&](const NetError*, HttpResponse response) {
      connection.reset();
      status = response.status;
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(status, 204);
}

TEST(BlockingRequest, ReturnsTheAnswer) {
  LoopbackServer server([](Peer& peer) {
    const auto request = peer.read_request();
    EXPECT_EQ(request->target, "/exec?query=x");
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00\r\n\r\n");
    peer.wait_for_close();
  });
  const auto response = blocking_request("127.0.0.1", server.port(), {"GET", "/exec?query=x", {}, {}}, kLong);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
}

TEST(BlockingRequest, ThrowsWhatWentWrong) {
  LoopbackServer silent([](Peer& peer) { peer.wait_for_close(); });
  try {
    blocking_request("127.0.0.1", silent.port(), {}, kShort);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::timeout);
    EXPECT_TRUE(error.in_doubt());
  }
  try {
    blocking_request("127.0.0.1", test::unused_port(), {}, kLong);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::connect);
    EXPECT_FALSE(error.in_doubt());
    EXPECT_TRUE(std::string(error.what()).ends_with("refused. Check the address and that the server runs."))
        << error.what();
  }
  LoopbackServer endless([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n");
    peer.wait_for_close();
  });
  try {
    blocking_request("127.0.0.1", endless.port(), {}, kLong, 100);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("than 100 bytes. Ask for less at once: "),
              std::string::npos)
        << error.what();
  }
}

TEST(EventLoop, ATimerSetAgainForgetsItsEarlierDeadline) {
  EventLoop loop;
  EventLoop::Timer timer(loop);
  EventLoop::Timer other(loop);
  const auto now = base::SystemClock().now();
  std::string order;
  timer.set(now, [&] { order += "early "; });
  timer.set(now + milliseconds(5), [&] { order += "late "; });
  other.set(now, [&] { order += "cancelled "; });
  other.cancel();
  EventLoop::Timer last(loop);
  last.set(now + milliseconds(10), [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(order, "late ");
}

}  // namespace
}  // namespace questclient::net
