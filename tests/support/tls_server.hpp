// loopback_server.hpp over TLS: OpenSSL on blocking sockets, which shares no code with what it tests.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "support/certificates.hpp"
#include "support/loopback_server.hpp"

namespace questclient::test {

struct TlsServerSettings {
  Certificate certificate;
  int oldest_version = TLS1_2_VERSION;
  int newest_version = TLS1_3_VERSION;
  bool ipv6 = false;
  bool demands_certificate = false;  ///< Of the client.
};

/// The server's side of one connection.
class TlsPeer final : public Peer {
 public:
  TlsPeer(int descriptor, SSL_CTX* context) : Peer(descriptor), ssl_(SSL_new(context)) {
    SSL_set_fd(ssl_, descriptor);
  }
  ~TlsPeer() override {
    if (says_goodbye_ && SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
    SSL_free(ssl_);
  }

  bool shake_hands() { return SSL_accept(ssl_) == 1; }
  bool resumed() const { return SSL_session_reused(ssl_) == 1; }
  std::string version() const { return SSL_get_version(ssl_); }
  /// The name that the client asked for (SNI); empty: none.
  std::string asked_for() const {
    const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
  }
  /// The client ended with close_notify.
  bool heard_goodbye() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  /// Without close_notify, as when somebody cuts the connection.
  void end_without_goodbye() { says_goodbye_ = false; }
  /// One more TLS 1.3 ticket, right now.
  void send_ticket() {
    SSL_new_session_ticket(ssl_);
    SSL_do_handshake(ssl_);
  }
  /// New keys for TLS 1.3, which the client must answer.
  void change_keys() {
    SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl_);
  }

  void wait_for_input() override {
    char byte = 0;
    SSL_peek(ssl_, &byte, 1);
  }

 protected:
  ssize_t read_some(char* into, std::size_t size) override {
    return SSL_read(ssl_, into, static_cast<int>(size));
  }
  ssize_t write_some(std::string_view bytes) override {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  }

 private:
  SSL* ssl_;
  bool says_goodbye_ = true;
};

/// Runs `serve` for every connection whose handshake succeeds.
class TlsLoopbackServer {
 public:
  using Serve = std::function<void(TlsPeer&)>;

  TlsLoopbackServer(const TlsServerSettings& settings, Serve serve)
      : context_(make_context(settings), SSL_CTX_free),
        server_([this, run = std::move(serve)](Peer& plain) { serve_one(plain, run); }, settings.ipv6) {}

  std::uint16_t port() const { return server_.port(); }
  void stop() { server_.stop(); }

 private:
  static SSL_CTX* make_context(const TlsServerSettings& settings) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    BIO* certificate = BIO_new_mem_buf(settings.certificate.pem.data(), -1);
    BIO* key = BIO_new_mem_buf(settings.certificate.key_pem.data(), -1);
    X509* parsed = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
    EVP_PKEY* parsed_key = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
    const bool ok =
        SSL_CTX_use_certificate(context, parsed) == 1 && SSL_CTX_use_PrivateKey(context, parsed_key) == 1;
    X509_free(parsed);
    EVP_PKEY_free(parsed_key);
    BIO_free(certificate);
    BIO_free(key);
    if (!ok) throw std::runtime_error("the test server's certificate does not fit its key");
    // Versions before 1.2 are only there to be refused.
    if (settings.oldest_version < TLS1_2_VERSION) SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context, settings.oldest_version);
    SSL_CTX_set_max_proto_version(context, settings.newest_version);
    if (settings.demands_certificate)
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
  }

  void serve_one(Peer& plain, const Serve& serve) {
    TlsPeer peer(plain.descriptor(), context_.get());
    if (peer.shake_hands()) serve(peer);
    ERR_clear_error();
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  LoopbackServer server_;
};

}  // namespace questclient::test
