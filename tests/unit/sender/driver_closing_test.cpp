// Servers and proxies that end the connection behind each answer.
#include "unit/sender/driver_support.hpp"

namespace questclient::test {
namespace {

TEST(SenderClosing, RowsReachAServerThatAnswersOnceAConnection) {
  for (const bool announces : {true, false}) {
    std::mutex mutex;
    std::string taken;
    const std::string version = announces ? "HTTP/1.1 " : "HTTP/1.0 ";  // 1.0: nothing need be said
    const std::string close = announces ? "Connection: close\r\n" : "";
    LoopbackServer server([&](Peer& peer) {
      const auto request = peer.read_request();
      if (!request) return;
      if (request->target == "/settings") {
        peer.send(version + "200 OK\r\n" + close + "Content-Length: 2\r\n\r\n{}");
        return;
      }
      {
        const std::lock_guard lock(mutex);
        taken += request->body;
      }
      peer.send(version + "204 No Content\r\n" + close + "\r\n");
    });
    Events events;
    Sender sender = Sender::from_conf(
        "http::addr=" + server.address() + ";auto_flush=off;protocol_version=1;", events.handler());
    std::string sent;
    for (int number = 0; number < 5; ++number) {
      LineBuffer rows = sender.new_buffer();
      rows.table("t").column("v", number).at(TimestampNanos{number});
      sent += line(number) + "\n";
      EXPECT_TRUE(sender.wait(sender.flush(rows), Ack::committed, kLong)) << announces;
    }
    sender.close();
    const std::lock_guard lock(mutex);
    EXPECT_EQ(taken, sent);
  }
}

}  // namespace
}  // namespace questclient::test
