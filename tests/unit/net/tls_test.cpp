// Against servers on loopback whose certificates are made here.
#include <atomic>
#include <cstdlib>
#include <future>

#include <gtest/gtest.h>

#include <questclient/error.hpp>

#include "answers.hpp"
#include "client.hpp"
#include "support/temporary_directory.hpp"
#include "support/tls_server.hpp"

namespace questclient::net {
namespace {

using test::Certificate;
using test::CertificateAuthority;
using test::LoopbackServer;
using test::Peer;
using test::TlsLoopbackServer;
using test::TlsPeer;
using test::TlsServerSettings;

class Tls : public testing::Test {
 protected:
  static Endpoint with(const std::string& roots, TlsVerify verify = TlsVerify::on) {
    Options options;
    options.transport = Transport::https;
    options.tls_roots = roots;
    options.tls_verify = verify;
    return make_endpoint(options);
  }
  static Endpoint with_the_systems_roots() { return with(""); }
  Endpoint trusting(const std::string& pem) const {
    return with(test::write_file(folder_.path() / "roots.pem", pem).string());
  }
  Endpoint trusting() const { return trusting(authority_.pem()); }
  TlsServerSettings valid() const { return {.certificate = authority_.issue()}; }
  TlsServerSettings only(int version) const {
    return {.certificate = authority_.issue(), .oldest_version = version, .newest_version = version};
  }

  /// How a connection to a server that shows `certificate` fails.
  static NetError refusal(const Endpoint& endpoint, const Certificate& certificate,
                          const std::string& host = "localhost") {
    TlsLoopbackServer server({.certificate = certificate}, answer_everything);
    return Client(endpoint).connect(server.port(), kLong, host).error.value_or(NetError{});
  }

  test::TemporaryDirectory folder_;
  CertificateAuthority authority_;
};

TEST_F(Tls, CarriesRequestsOfEverySizeInBothVersions) {
  for (const auto& [version, name] :
       {std::pair{TLS1_2_VERSION, "TLSv1.2"}, std::pair{TLS1_3_VERSION, "TLSv1.3"}}) {
    std::promise<std::vector<std::size_t>> bodies;
    TlsLoopbackServer server(only(version), [&, expected = name](TlsPeer& peer) {
      EXPECT_EQ(peer.version(), expected);
      std::vector<std::size_t> sizes;
      while (const auto request = peer.read_request()) {
        EXPECT_EQ(request->body, std::string(request->body.size(), 'x'));
        sizes.push_back(request->body.size());
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100000, 'y'));
      }
      bodies.set_value(sizes);
    });
    {
      Client client(trusting());
      ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
      for (const std::size_t size : {0U, 1U, 16384U, 262144U, 262145U, 8000000U, 3U}) {
        const Outcome outcome = client.post(std::string(size, 'x'));
        ASSERT_FALSE(outcome.error) << outcome.error->message;
        EXPECT_EQ(outcome.response.body, std::string(100000, 'y'));
      }
    }
    EXPECT_EQ(bodies.get_future().get(), (std::vector<std::size_t>{0, 1, 16384, 262144, 262145, 8000000, 3}));
  }
}

// README 5.
TEST_F(Tls, ChecksNamesAndAddressesAndAsksForNamesOnly) {
  for (const std::string host : {"localhost", "127.0.0.1", "::1"}) {
    TlsServerSettings settings = valid();
    settings.ipv6 = host == "::1";
    std::promise<std::string> asked_for;
    TlsLoopbackServer server(settings, [&](TlsPeer& peer) {
      asked_for.set_value(peer.asked_for());
      answer_everything(peer);
    });
    Client client(trusting());
    const Outcome outcome = client.connect(server.port(), kLong, host);
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    EXPECT_EQ(client.post("x").response.status, 204);
    EXPECT_EQ(asked_for.get_future().get(), host == "localhost" ? "localhost" : "");
  }
}

/// The system's roots are those of a file meanwhile, as OpenSSL lets an operator say.
class SystemsRoots {
 public:
  explicit SystemsRoots(const std::string& file) { ::setenv("SSL_CERT_FILE", file.c_str(), 1); }
  ~SystemsRoots() { ::unsetenv("SSL_CERT_FILE"); }
};

TEST_F(Tls, TrustsWhatTheOptionsSayAndNothingElse) {
  const std::string own = test::write_file(folder_.path() / "own.pem", authority_.pem());
  const std::string other =
      test::write_file(folder_.path() / "other.pem", CertificateAuthority("another").pem());
  TlsLoopbackServer server(valid(), answer_everything);
  const auto is_trusted = [&](TlsCa ca, const std::string& roots, TlsVerify verify = TlsVerify::on) {
    Options options;
    options.transport = Transport::https;
    options.tls_ca = ca;
    options.tls_roots = roots;
    options.tls_verify = verify;
    return !Client(make_endpoint(options)).connect(server.port(), kLong, "localhost").error;
  };
  {
    const SystemsRoots systems(own);
    EXPECT_TRUE(is_trusted(TlsCa::automatic, ""));
    EXPECT_TRUE(is_trusted(TlsCa::os_roots, ""));
    EXPECT_TRUE(is_trusted(TlsCa::os_roots, other)) << "which validating refuses: the choice counts";
    EXPECT_FALSE(is_trusted(TlsCa::automatic, other)) << "the file takes the place of the system's";
    EXPECT_FALSE(is_trusted(TlsCa::pem_file, other));
    EXPECT_THROW(is_trusted(TlsCa::pem_file, ""), Error) << "no others in its place";
    EXPECT_TRUE(is_trusted(TlsCa::pem_file, other, TlsVerify::unsafe_off));
  }
  const SystemsRoots systems(other);
  EXPECT_FALSE(is_trusted(TlsCa::automatic, ""));
  EXPECT_FALSE(is_trusted(TlsCa::os_roots, own));
  EXPECT_TRUE(is_trusted(TlsCa::automatic, own));
  EXPECT_TRUE(is_trusted(TlsCa::pem_file, own));
}

// README 7.
TEST_F(Tls, ResumesSessionsInBothVersions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    std::mutex mutex;
    std::vector<bool> resumed;
    TlsLoopbackServer server(only(version), [&](TlsPeer& peer) {
      {
        const std::lock_guard lock(mutex);
        resumed.push_back(peer.resumed());
      }
      answer_everything(peer);
    });
    const Endpoint endpoint = trusting();
    for (int i = 0; i < 4; ++i) {
      Client client(endpoint);
      ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
      ASSERT_EQ(client.post("x").response.status, 204);
    }
    const std::lock_guard lock(mutex);
    EXPECT_EQ(resumed, (std::vector<bool>{false, true, true, true})) << version;
  }
}

TEST_F(Tls, AnExpiredCertificateIsRefusedWithItsDate) {
  const NetError error =
      refusal(trusting(), authority_.issue({.valid_from_seconds = -7200, .valid_until_seconds = -3600}));
  EXPECT_EQ(error.kind, NetError::Kind::tls);
  EXPECT_FALSE(error.request_may_have_arrived);
  EXPECT_NE(error.message.find("the certificate of localhost, 127.0.0.1, ::1 expired on 20"),
            std::string::npos)
      << error.message;
  const NetError early =
      refusal(trusting(), authority_.issue({.valid_from_seconds = 3600, .valid_until_seconds = 7200}));
  EXPECT_NE(early.message.find("is not valid before 20"), std::string::npos) << early.message;
}

TEST_F(Tls, AWrongNameIsRefusedNamingBoth) {
  const Certificate other = authority_.issue({.names = {"DNS:db.example", "IP:10.0.0.1"}});
  for (const std::string host : {"localhost", "127.0.0.1"}) {
    const NetError error = refusal(trusting(), other, host);
    EXPECT_EQ(error.kind, NetError::Kind::tls);
    EXPECT_NE(
        error.message.find("the server's certificate is for db.example, 10.0.0.1, not for " + host + "."),
        std::string::npos)
        << error.message;
  }
  // The common name does not count where there are names, and a wildcard is no address.
  EXPECT_EQ(refusal(trusting(), authority_.issue({.common_name = "localhost", .names = {"DNS:a"}})).kind,
            NetError::Kind::tls);
}

TEST_F(Tls, AnotherAuthorityIsRefusedWithAHint) {
  const CertificateAuthority stranger("a stranger");
  const NetError error = refusal(trusting(), stranger.issue());
  EXPECT_EQ(error.kind, NetError::Kind::tls);
  EXPECT_NE(
      error.message.find("issued by CN = a stranger, which is not a trusted root. If you trust it, name its "
                         "PEM file in tls_roots."),
      std::string::npos)
      << error.message;
  const CertificateAuthority namesake;
  const NetError forged = refusal(trusting(), namesake.issue());
  EXPECT_EQ(forged.kind, NetError::Kind::tls);
  EXPECT_NE(forged.message.find("another key signed it"), std::string::npos) << forged.message;
  // The operating system does not know our authority either.
  EXPECT_NE(refusal(with_the_systems_roots(), authority_.issue()).message.find("not a trusted root"),
            std::string::npos);
}

TEST_F(Tls, TheServersOwnCertificateMayBeTheRoot) {
  const CertificateAuthority stranger("a stranger");
  const TlsServerSettings settings{.certificate = stranger.issue()};
  TlsLoopbackServer server(settings, answer_everything);
  EXPECT_FALSE(Client(trusting(settings.certificate.pem)).connect(server.port(), kLong, "localhost").error);
}

TEST_F(Tls, TheSystemsRootsAreTaken) {
  ::setenv("SSL_CERT_FILE", test::write_file(folder_.path() / "system.pem", authority_.pem()).c_str(), 1);
  const Endpoint endpoint = with_the_systems_roots();
  ::unsetenv("SSL_CERT_FILE");
  TlsLoopbackServer server(valid(), answer_everything);
  EXPECT_FALSE(Client(endpoint).connect(server.port(), kLong, "localhost").error);
}

TEST_F(Tls, UnsafeOffTakesAnyCertificate) {
  const CertificateAuthority stranger("a stranger");
  TlsLoopbackServer server(
      {.certificate = stranger.issue({.names = {"DNS:elsewhere"}, .valid_until_seconds = -60})},
      answer_everything);
  Client client(with("", TlsVerify::unsafe_off));
  ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
  EXPECT_EQ(client.post("x").response.status, 204);
}

TEST_F(Tls, OldVersionsAreRefused) {
  TlsLoopbackServer server(only(TLS1_1_VERSION), answer_everything);
  const Outcome outcome = Client(trusting()).connect(server.port(), kLong, "localhost");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::tls);
  EXPECT_NE(outcome.error->message.find("neither TLS 1.2 nor 1.3"), std::string::npos)
      << outcome.error->message;
}

TEST_F(Tls, AServerThatDemandsACertificateIsNamed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServerSettings settings = only(version);
    settings.demands_certificate = true;
    TlsLoopbackServer server(settings, answer_everything);
    Client client(trusting());
    // TLS 1.3 tells it after the handshake: to the first request, or before it was sent.
    Outcome outcome = client.connect(server.port(), kLong, "localhost");
    if (version == TLS1_3_VERSION) outcome = client.post("x");
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->kind, NetError::Kind::tls);
    EXPECT_NE(outcome.error->message.find("demands a client certificate"), std::string::npos)
        << outcome.error->message;
  }
}

TEST_F(Tls, AServerThatSpeaksItIsNamedToThoseWhoDoNot) {
  TlsLoopbackServer server(valid(), answer_everything);
  Client client;
  ASSERT_FALSE(client.connect(server.port()).error);
  const Outcome outcome = client.post("x");
  ASSERT_TRUE(outcome.error);
  EXPECT_NE(outcome.error->message.find("speaks TLS"), std::string::npos) << outcome.error->message;
  EXPECT_NE(outcome.error->message.find("use https::"), std::string::npos) << outcome.error->message;
}

TEST_F(Tls, AServerThatDoesNotSpeakItIsNamed) {
  LoopbackServer plain([](Peer& peer) {
    peer.wait_for_input();
    peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer.wait_for_close();
  });
  Outcome outcome = Client(trusting()).connect(plain.port());
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::tls);
  EXPECT_NE(outcome.error->message.find("does not speak TLS"), std::string::npos) << outcome.error->message;

  LoopbackServer closing([](Peer& peer) { peer.wait_for_input(); });
  outcome = Client(trusting()).connect(closing.port());
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::tls);
  EXPECT_NE(outcome.error->message.find("the TLS handshake broke off"), std::string::npos);
}

// README 4.
TEST_F(Tls, TheTimeoutBoundsTheHandshake) {
  LoopbackServer silent([](Peer& peer) { peer.wait_for_close(); });
  const Outcome outcome = Client(trusting()).connect(silent.port(), kShort);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::timeout);
  EXPECT_FALSE(outcome.error->request_may_have_arrived);
}

// README 6.
TEST_F(Tls, ABodyThatEndsWithTheConnectionNeedsCloseNotify) {
  for (const bool proper : {true, false}) {
    TlsLoopbackServer server(valid(), [&](TlsPeer& peer) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it?");
      if (!proper) peer.end_without_goodbye();
    });
    Client client(trusting());
    ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
    const Outcome outcome = client.post("x");
    EXPECT_EQ(outcome.response.body, proper ? "all of it?" : "");
    ASSERT_EQ(outcome.error.has_value(), !proper);
    if (proper) continue;
    EXPECT_EQ(outcome.error->kind, NetError::Kind::reset);
    EXPECT_TRUE(outcome.error->request_may_have_arrived);
    EXPECT_NE(outcome.error->message.find("close_notify"), std::string::npos) << outcome.error->message;
  }
}

// README 6.
TEST_F(Tls, EndsWithCloseNotifyItself) {
  std::promise<bool> heard;
  TlsLoopbackServer server(valid(), [&](TlsPeer& peer) {
    answer_everything(peer);
    heard.set_value(peer.heard_goodbye());
  });
  {
    Client client(trusting());
    ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
    ASSERT_FALSE(client.post("x").error);
  }
  EXPECT_TRUE(heard.get_future().get());
}

TEST_F(Tls, AnIdleConnectionThatTheServerClosedLeavesNoDoubt) {
  TlsLoopbackServer server(valid(), [&](TlsPeer& peer) {
    peer.read_request();
    peer.send(kNoContent);
  });
  Client client(trusting());
  ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
  ASSERT_FALSE(client.post("x").error);
  server.stop();  // returns once close_notify was sent
  const Outcome outcome = client.post("y");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::closed);
  EXPECT_FALSE(outcome.error->request_may_have_arrived);
}

// README 3.
TEST_F(Tls, TicketsAndNewKeysBetweenRequestsAreNoEnd) {
  std::promise<void> sent;
  TlsLoopbackServer server(only(TLS1_3_VERSION), [&](TlsPeer& peer) {
    peer.read_request();
    peer.send(kNoContent);
    peer.send_ticket();
    peer.change_keys();
    sent.set_value();
    answer_everything(peer);
  });
  Client client(trusting());
  ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
  ASSERT_FALSE(client.post("x").error);
  sent.get_future().wait();
  for (const std::size_t size : {1U, 1000000U}) {
    const Outcome outcome = client.post(std::string(size, 'y'));
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    EXPECT_EQ(outcome.response.status, 204);
  }
}

TEST_F(Tls, ARefusalIsHeardBeforeTheBodyIsSent) {
  std::promise<void> heard;
  TlsLoopbackServer server(valid(), [&](TlsPeer& peer) {
    peer.wait_for_input();
    peer.change_keys();  // its answer stands behind the body that nobody reads
    peer.send("HTTP/1.1 421 Misdirected\r\nContent-Length: 0\r\n\r\n");
    heard.get_future().wait();
  });
  Client client(trusting());
  ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
  const Outcome outcome = client.post(std::string(64 << 20, 'x'));
  heard.set_value();
  ASSERT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_EQ(outcome.response.status, 421);
}

TEST_F(Tls, BytesThatWereChangedOnTheWayAreRefused) {
  TlsLoopbackServer server(valid(), [](TlsPeer& peer) {
    peer.read_request();
    constexpr std::string_view kForged(
        "\x17\x03\x03\x00\x20"
        "0123456789abcdef0123456789abcdef",
        37);
    ::send(peer.descriptor(), kForged.data(), kForged.size(), MSG_NOSIGNAL);
    peer.wait_for_close();
  });
  Client client(trusting());
  ASSERT_FALSE(client.connect(server.port(), kLong, "localhost").error);
  const Outcome outcome = client.post("x");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::tls);
  EXPECT_TRUE(outcome.error->request_may_have_arrived);
}

TEST_F(Tls, RootsThatCannotBeReadAreNamed) {
  const std::string missing = (folder_.path() / "missing.pem").string();
  const std::string empty = test::write_file(folder_.path() / "empty.pem", "no certificate").string();
  for (const std::string& path : {missing, empty}) {
    try {
      with(path);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::tls);
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    }
  }
}

TEST_F(Tls, BlockingRequestsResumeAndThrowTls) {
  std::atomic<int> resumed{0};
  TlsLoopbackServer server(valid(), [&](TlsPeer& peer) {
    resumed += peer.resumed() ? 1 : 0;
    answer_everything(peer);
  });
  const Endpoint endpoint = trusting();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(blocking_request(endpoint, "localhost", server.port(), {}, kLong).status, 204);
  }
  EXPECT_EQ(resumed, 1);
  try {
    blocking_request(with_the_systems_roots(), "localhost", server.port(), {}, kLong);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::tls);
    EXPECT_FALSE(error.in_doubt());
  }
}

}  // namespace
}  // namespace questclient::net
