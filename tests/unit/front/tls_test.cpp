#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "front/http_server.hpp"
#include "support/certificates.hpp"
#include "support/temporary_directory.hpp"
#include "tls_client.hpp"

namespace questnode::front {
namespace {

using questclient::test::TemporaryDirectory;
using test::RawClient;
using test::TlsClient;

class Length final : public Handler {
 public:
  void handle(Request request, std::function<void(Response)> reply) override {
    Response response;
    response.status = 200;
    response.body = std::to_string(request.body.size());
    reply(std::move(response));
  }
};

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.tls_certificate = files_.server;
    options_.tls_private_key = files_.key;
  }
  void start() { server_ = std::make_unique<HttpServer>(options_, handler_); }
  static std::string request(std::size_t body_bytes, bool last = true) {
    return "POST /w HTTP/1.1\r\nContent-Length: " + std::to_string(body_bytes) +
           (last ? "\r\nConnection: close" : "") + "\r\n\r\n" + std::string(body_bytes, 'x');
  }

  TemporaryDirectory directory_;
  questclient::test::TlsFiles files_ = questclient::test::write_tls_files(directory_.path());
  Length handler_;
  HttpServerOptions options_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, BothVersionsCarryRequestsAndEndInGoodOrder) {
  start();
  for (const auto& [version, name] :
       {std::pair(TLS1_2_VERSION, "TLSv1.2"), std::pair(TLS1_3_VERSION, "TLSv1.3")}) {
    TlsClient client(server_->port(), files_.ca, version);
    EXPECT_EQ(client.version(), name);
    client.send(request(3'000'000));
    EXPECT_TRUE(client.read_to_end().ends_with("\r\n\r\n3000000")) << name;
    EXPECT_TRUE(client.ended_in_good_order()) << name;
  }
}

TEST_F(TlsTest, ASessionIsResumed) {
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient first(server_->port(), files_.ca, version);
    first.send(request(1));
    EXPECT_TRUE(first.read_to_end().ends_with("1"));  // TLS 1.3 hands its tickets out behind the handshake.
    first.shut();
    EXPECT_FALSE(first.resumed());
    TlsClient second(server_->port(), files_.ca, version, first.session());
    EXPECT_TRUE(second.resumed()) << second.version();
    second.send(request(2));
    EXPECT_TRUE(second.read_to_end().ends_with("2"));
  }
}

TEST_F(TlsTest, OlderVersionsAreRefused) {
  start();
  EXPECT_THROW(TlsClient(server_->port(), files_.ca, TLS1_1_VERSION), std::runtime_error);
}

TEST_F(TlsTest, AClientWithoutTlsIsCutOffAndOthersAreServed) {
  options_.header_timeout = std::chrono::milliseconds(200);
  start();
  RawClient plain(server_->port());
  plain.send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_EQ(plain.read_to_end().find("HTTP/1.1"), std::string::npos);
  TlsClient client(server_->port(), files_.ca, TLS1_3_VERSION);
  client.send(request(5));
  EXPECT_TRUE(client.read_to_end().ends_with("5"));
}

TEST_F(TlsTest, ARefusalIsReadThoughTheClientStillSends) {
  options_.max_body_bytes = 10;
  start();
  TlsClient client(server_->port(), files_.ca, TLS1_3_VERSION);
  client.send(request(11));
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 413 "));
}

TEST_F(TlsTest, StoppingEndsOpenConnections) {
  start();
  TlsClient client(server_->port(), files_.ca, TLS1_3_VERSION);
  RawClient half_way(server_->port());
  server_.reset();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(half_way.read_to_end(), "");
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  const auto error = [this] {
    try {
      start();
    } catch (const std::runtime_error& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  options_.tls_certificate = (directory_.path() / "absent.pem").string();
  EXPECT_NE(error().find("absent.pem"), std::string::npos) << error();
  options_.tls_certificate = files_.server;
  const questclient::test::Certificate other = questclient::test::CertificateAuthority().issue();
  options_.tls_private_key = questclient::test::write_file(directory_.path() / "other.pem", other.key_pem);
  EXPECT_NE(error().find("other.pem"), std::string::npos) << error();
}

}  // namespace
}  // namespace questnode::front
