// ILP over TCP against scripted servers on loopback.
#include "net/line_connection.hpp"

#include <future>
#include <poll.h>

#include <gtest/gtest.h>

#include <questclient/error.hpp>

#include "client.hpp"
#include "net/host_trust.hpp"
#include "support/temporary_directory.hpp"
#include "support/tls_server.hpp"

namespace questclient::net {
namespace {

using base::SignatureForm;
using std::chrono::milliseconds;
using test::LoopbackServer;
using test::Peer;

// The key of RFC 7515, appendix A.3.
constexpr const char* kSecret = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
constexpr const char* kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr const char* kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

Endpoint plain_tcp() {
  Options options;
  options.transport = Transport::tcp;
  return make_endpoint(options);
}

Endpoint with_key(SignatureForm form) {
  Options options;
  options.transport = Transport::tcp;
  options.username = "ingest";
  options.token = kSecret;
  options.token_x = kX;
  options.token_y = kY;
  Endpoint endpoint = make_endpoint(options);
  endpoint.signature_form = form;
  return endpoint;
}

/// The refusals of a host that is under suspicion are waited for as long as possible: time enough for a busy
/// machine.
void suspect(const Endpoint& endpoint, const LoopbackServer& server) {
  endpoint.trust->ended(server.address(), milliseconds(0));
}

/// QuestDB's side of the handshake: a challenge of 512 bytes for any key.
bool authenticates(Peer& peer) {
  EXPECT_EQ(peer.read_line(), "ingest");
  const std::string challenge(512, 'c');
  peer.send(challenge + "\n");
  const auto answer = peer.read_line();
  return answer && base::es256_verify(kX, kY, challenge, base::base64_decode(*answer));
}

TEST(LineConnection, RowsArriveAndAreAcknowledged) {
  std::promise<std::string> received;
  LoopbackServer server([&](Peer& peer) { received.set_value(peer.read_all()); });
  const std::string large(4 << 20, 'y');
  {
    Client client(plain_tcp());
    ASSERT_FALSE(client.connect(server.port()).error);
    EXPECT_EQ(client.request({"GET", "/settings", {}, ""}).response.status, 404);
    EXPECT_EQ(client.request({"POST", "/write?precision=n", {}, "t f=1i\n"}).response.status, 204);
    EXPECT_EQ(client.request({"POST", "/write", {}, ""}).response.status, 204);
    EXPECT_EQ(client.request({"GET", "/durable?wait=0", {}, ""}).response.status, 404);
    EXPECT_EQ(client.request({"POST", "/write", {}, large, true}).response.status, 204);
  }
  EXPECT_EQ(received.get_future().get(), "t f=1i\n" + large);
}

// README 8.
TEST(LineConnection, WhatTheOtherSideDoesNotTakeIsNotAcknowledged) {
  std::promise<void> over;
  LoopbackServer server([&](Peer&) { over.get_future().wait(); });  // reads nothing
  Client client(plain_tcp());
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome outcome = client.post(std::string(64 << 20, 'x'), kShort);
  over.set_value();
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::timeout);
  EXPECT_TRUE(outcome.error->request_may_have_arrived);
}

TEST(LineConnection, AServerThatClosesInTheMiddleLeavesDoubt) {
  LoopbackServer server([](Peer& peer) { peer.wait_for_input(); });
  Client client(plain_tcp());
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome outcome = client.post(std::string(64 << 20, 'x'));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::reset);
  EXPECT_TRUE(outcome.error->request_may_have_arrived);
  EXPECT_NE(outcome.error->message.find("see the server's log"), std::string::npos) << outcome.error->message;
}

// README 2 and 3.
TEST(LineConnection, AnIdleConnectionThatTheServerClosedLeavesNoDoubt) {
  LoopbackServer server([](Peer& peer) {
    peer.read_line();
    peer.reset();
  });
  Client client(plain_tcp());
  ASSERT_FALSE(client.connect(server.port()).error);
  client.post("t f=1i\n");  // may be acknowledged or not
  server.stop();
  const Outcome outcome = client.post("t f=2i\n");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::closed);
  EXPECT_FALSE(outcome.error->request_may_have_arrived);
}

TEST(LineConnection, AServerThatAnswersIsNoIlp) {
  // With the larger body, more than what the kernel takes for a peer that does not read, the answer comes
  // before the last byte was written.
  for (const std::size_t size : {7, 64 << 20}) {
    LoopbackServer server([](Peer& peer) {
      peer.wait_for_input();
      peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
      peer.wait_for_close();
    });
    const Endpoint endpoint = plain_tcp();
    Client client(endpoint);
    suspect(endpoint, server);
    ASSERT_FALSE(client.connect(server.port()).error);
    const Outcome outcome = client.post(std::string(size, 'x'));
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->kind, NetError::Kind::malformed);
    EXPECT_TRUE(outcome.error->request_may_have_arrived);
    EXPECT_NE(outcome.error->message.find("Use http::"), std::string::npos) << outcome.error->message;
    EXPECT_EQ(endpoint.trust->grace(server.address(), {}), kLongestGrace);
  }
}

// QuestDB's side of the handshake for a client that does not know of it: rows are the key's name.
TEST(LineConnection, AServerThatAsksForAKeyIsSeenBeforeTheFirstRowsCountAsTaken) {
  LoopbackServer server([](Peer& peer) {
    peer.read_line();
    peer.send(std::string(512, 'c') + "\n");
    peer.read_line();
  });
  const Endpoint endpoint = plain_tcp();
  suspect(endpoint, server);
  Client client(endpoint);
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome outcome = client.post("t f=1i\n");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::unauthorised);
  EXPECT_NE(outcome.error->message.find("asks for a key. Give username"), std::string::npos)
      << outcome.error->message;
}

TEST(LineConnection, WhatAServerSaysBetweenRequestsIsRemembered) {
  std::promise<void> rows_count;
  std::promise<void> asked;
  LoopbackServer server([&](Peer& peer) {
    peer.read_line();
    rows_count.get_future().wait();  // later than anybody waits
    peer.send(std::string(512, 'c') + "\n");
    asked.set_value();
    peer.wait_for_close();
  });
  const Endpoint endpoint = plain_tcp();
  Client client(endpoint);
  ASSERT_FALSE(client.connect(server.port()).error);
  EXPECT_EQ(endpoint.trust->grace(server.address(), {}), kFirstGrace);
  ASSERT_FALSE(client.post("t f=1i\n").error);
  EXPECT_EQ(endpoint.trust->grace(server.address(), {}), kShortestGrace);
  rows_count.set_value();
  asked.get_future().wait();
  const Outcome outcome = client.post("t f=2i\n");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::unauthorised);
  EXPECT_FALSE(outcome.error->request_may_have_arrived);
  EXPECT_EQ(endpoint.trust->grace(server.address(), {}), kLongestGrace);
}

TEST(LineConnection, SignsTheChallengeInBothForms) {
  for (const SignatureForm form : {SignatureForm::der, SignatureForm::p1363}) {
    std::promise<std::string> received;
    LoopbackServer server([&](Peer& peer) {
      EXPECT_TRUE(authenticates(peer));
      received.set_value(peer.read_all());
    });
    {
      Client client(with_key(form));
      const Outcome outcome = client.connect(server.port());
      ASSERT_FALSE(outcome.error) << outcome.error->message;
      EXPECT_EQ(client.post("t f=1i\n").response.status, 204);
    }
    EXPECT_EQ(received.get_future().get(), "t f=1i\n");
  }
}

TEST(LineConnection, ARefusedSignatureIsUnauthorised) {
  LoopbackServer server(
      [](Peer& peer) { authenticates(peer); });  // and closes, as for a key it does not know
  const Endpoint endpoint = with_key(SignatureForm::der);
  suspect(endpoint, server);
  Client client(endpoint);
  const Outcome outcome = client.connect(server.port());
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::unauthorised);
  EXPECT_NE(outcome.error->message.find("refuses the key 'ingest'"), std::string::npos)
      << outcome.error->message;
  EXPECT_EQ(outcome.error->message.find(kSecret), std::string::npos);
}

/// Waits up to `time` for bytes that should not come.
bool stays_silent(Peer& peer, milliseconds time) {
  pollfd waiting{peer.descriptor(), POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(time.count())) == 0;
}

TEST(LineConnection, ARefusalThatComesLateIsSeenBeforeRowsAreSent) {
  std::promise<bool> silent;
  LoopbackServer server([&](Peer& peer) {
    authenticates(peer);
    silent.set_value(stays_silent(peer, kFirstGrace / 2));
  });
  const Endpoint endpoint = with_key(SignatureForm::der);
  suspect(endpoint, server);
  Client client(endpoint);
  const Outcome outcome = client.connect(server.port());
  EXPECT_TRUE(silent.get_future().get()) << "rows went to a server that had not made up its mind";
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::unauthorised);
}

TEST(LineConnection, AConnectionThatEndsSoonAfterItsSignatureMakesTheNextOneWaitLonger) {
  LoopbackServer server([](Peer& peer) {
    authenticates(peer);
    peer.read_line();  // takes rows, then closes: a refusal that came too late
  });
  const Endpoint endpoint = with_key(SignatureForm::der);
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  EXPECT_EQ(endpoint.trust->grace(host, {}), kFirstGrace);
  Client client(endpoint);
  ASSERT_FALSE(client.connect(server.port()).error);
  EXPECT_EQ(endpoint.trust->grace(host, {}), kShortestGrace);
  client.post("t f=1i\n");
  server.stop();
  EXPECT_TRUE(client.post("t f=2i\n").error);
  EXPECT_EQ(endpoint.trust->grace(host, {}), kLongestGrace);
}

TEST(HostTrust, WaitsByWhatTheHostHasShown) {
  HostTrust trust;
  EXPECT_EQ(trust.grace("a", milliseconds(1)), kFirstGrace);
  EXPECT_EQ(trust.grace("a", milliseconds(150)), milliseconds(300)) << "a far host needs longer to refuse";
  EXPECT_EQ(trust.grace("a", milliseconds(9000)), kLongestGrace);
  trust.kept("a");
  EXPECT_EQ(trust.grace("a", milliseconds(1)), kShortestGrace);
  EXPECT_EQ(trust.grace("b", milliseconds(1)), kFirstGrace) << "another host may know other keys";
  trust.ended("a", kSuspiciousLife);
  EXPECT_EQ(trust.grace("a", milliseconds(1)), kShortestGrace) << "servers are restarted";
  trust.ended("a", kSuspiciousLife - milliseconds(1));
  EXPECT_EQ(trust.grace("a", milliseconds(1)), kLongestGrace);
  trust.kept("a");
  EXPECT_EQ(trust.grace("a", milliseconds(1)), kShortestGrace);
}

TEST(LineConnection, AResetAfterTheSignatureIsNoRefusal) {
  LoopbackServer server([](Peer& peer) {
    authenticates(peer);
    peer.reset();
  });
  const Endpoint endpoint = with_key(SignatureForm::der);
  suspect(endpoint, server);
  const Outcome outcome = Client(endpoint).connect(server.port());
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::reset);
}

// README 4.
TEST(LineConnection, TheAuthenticationHasItsOwnTimeout) {
  LoopbackServer silent([](Peer& peer) { peer.wait_for_close(); });
  LoopbackServer trickling([](Peer& peer) {
    peer.send("half a challenge");
    peer.wait_for_close();
  });
  Endpoint endpoint = with_key(SignatureForm::der);
  endpoint.auth_timeout = kShort;
  for (const std::uint16_t port : {silent.port(), trickling.port()}) {
    const Outcome outcome = Client(endpoint).connect(port);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->kind, NetError::Kind::timeout);
    EXPECT_NE(outcome.error->message.find("challenge"), std::string::npos);
  }
}

TEST(LineConnection, WhatIsNoChallengeIsRefused) {
  LoopbackServer closing([](Peer& peer) { peer.read_line(); });
  Outcome outcome = Client(with_key(SignatureForm::der)).connect(closing.port());
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::reset);
  EXPECT_NE(outcome.error->message.find("instead of sending a challenge"), std::string::npos);
  LoopbackServer babbling([](Peer& peer) {
    peer.send(std::string(100000, 'x'));
    peer.wait_for_close();
  });
  outcome = Client(with_key(SignatureForm::der)).connect(babbling.port());
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::malformed);
}

TEST(LineConnection, AKeyThatCannotSignIsAConfigurationError) {
  Options options;
  options.transport = Transport::tcp;
  options.username = "ingest";
  options.token = "c2hvcnQ";
  options.token_x = "";
  try {
    options.token_y = kX;
    make_endpoint(options);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
    EXPECT_NE(std::string(error.what()).find("token is the private key"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find(options.token), std::string::npos);
  }
}

TEST(LineConnection, SpeaksTlsWithAndWithoutAKey) {
  const test::TemporaryDirectory folder;
  const test::CertificateAuthority authority;
  for (const bool keyed : {false, true}) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      std::promise<std::string> received;
      test::TlsLoopbackServer server(
          {.certificate = authority.issue(), .oldest_version = version, .newest_version = version},
          [&](test::TlsPeer& peer) {
            if (keyed) {
              EXPECT_TRUE(authenticates(peer));
            }
            received.set_value(peer.read_all());
          });
      Options options;
      options.transport = Transport::tcps;
      options.tls_roots = test::write_file(folder.path() / "ca.pem", authority.pem()).string();
      if (keyed) options.username = "ingest";
      if (keyed) options.token = kSecret;
      const std::string rows(1 << 20, 'y');
      {
        Client client(make_endpoint(options));
        const Outcome outcome = client.connect(server.port(), kLong, "localhost");
        ASSERT_FALSE(outcome.error) << outcome.error->message;
        EXPECT_EQ(client.post("t f=1i\n").response.status, 204);
        EXPECT_EQ(client.post(rows).response.status, 204);
      }
      EXPECT_EQ(received.get_future().get(), "t f=1i\n" + rows);
    }
  }
}

// README 1.
TEST(LineConnection, DestructionCancelsSilently) {
  LoopbackServer server([](Peer& peer) { peer.wait_for_close(); });
  EventLoop loop;
  auto connection = make_connection(loop, with_key(SignatureForm::der));
  bool called_back = false;
  connection->connect("127.0.0.1", server.port(), kLong, [&](const NetError*) { called_back = true; });
  loop.post([&] {
    connection.reset();
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  EXPECT_FALSE(called_back);
}

}  // namespace
}  // namespace questclient::net
