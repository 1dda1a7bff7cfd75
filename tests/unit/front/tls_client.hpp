// A TLS client on loopback over OpenSSL itself: which version, which certificate, which session, which bytes.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "raw_client.hpp"

namespace questnode::test {

class TlsClient {
 public:
  using SessionPointer = std::shared_ptr<SSL_SESSION>;

  /// `version`: TLS1_2_VERSION, ... Throws std::runtime_error when the handshake fails.
  TlsClient(std::uint16_t port, const std::string& ca_file, int version, const SessionPointer& session = {})
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), socket_(port) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_set_security_level(context_.get(), 0);  // Else OpenSSL itself refuses old versions.
    SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    ssl_.reset(SSL_new(context_.get()), SSL_free);
    SSL_set_fd(ssl_.get(), socket_.descriptor());
    if (session) SSL_set_session(ssl_.get(), session.get());
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("the handshake failed");
  }

  void send(std::string_view bytes) { SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }
  /// Up to and including `mark`; shorter when the server closes before.
  std::string read_through(char mark) {
    std::string received;
    char byte = 0;
    while (SSL_read(ssl_.get(), &byte, 1) == 1) {
      received += byte;
      if (byte == mark) break;
    }
    return received;
  }
  std::string read_to_end() {
    std::string received;
    char bytes[4096];
    for (int count = 0; (count = SSL_read(ssl_.get(), bytes, sizeof bytes)) > 0;)
      received.append(bytes, static_cast<std::size_t>(count));
    return received;
  }
  /// Whether the server said that nothing more comes, rather than being cut off.
  bool ended_in_good_order() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  SessionPointer session() const { return {SSL_get1_session(ssl_.get()), SSL_SESSION_free}; }
  void shut() { SSL_shutdown(ssl_.get()); }

 private:
  std::shared_ptr<SSL_CTX> context_;
  RawClient socket_;
  std::shared_ptr<SSL> ssl_;
};

}  // namespace questnode::test
