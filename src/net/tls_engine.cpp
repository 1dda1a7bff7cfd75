#include "net/tls_engine.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/authority.hpp"
#include "net/tls_errors.hpp"

namespace questclient::net {

namespace {

/// The wire's two ends as OpenSSL sees them through a BIO: it reads from `input` and appends to `output`.
struct Wire {
  std::string_view input;
  std::string output;
};

int read_wire(BIO* bio, char* into, int size) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (wire.input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t bytes = std::min(static_cast<std::size_t>(size), wire.input.size());
  std::memcpy(into, wire.input.data(), bytes);
  wire.input.remove_prefix(bytes);
  return static_cast<int>(bytes);
}

int write_wire(BIO* bio, const char* bytes, int size) {
  static_cast<Wire*>(BIO_get_data(bio))->output.append(bytes, static_cast<std::size_t>(size));
  return size;
}

long control_wire(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* wire_method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "questclient wire");
    if (fresh == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(fresh, read_wire);
    BIO_meth_set_write(fresh, write_wire);
    BIO_meth_set_ctrl(fresh, control_wire);
    return fresh;
  }();
  return made;
}

/// How a certificate writes it: without an address's zone, without the root's dot.
std::string name_to_check(const std::string& host) {
  std::string name = is_address(host) ? host.substr(0, host.find('%')) : host;
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  return name;
}

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

}  // namespace

struct TlsEngine::Impl {
  Impl(std::shared_ptr<TlsContext> shared, const std::string& host, std::uint16_t port)
      : context(std::move(shared)), peer{*context, name_to_check(host), authority(host, port), {}} {}

  Status fail(std::string why) {
    error = std::move(why);
    failed = true;
    return Status::failed;
  }

  /// What a call that answered `result` came to.
  Status status_of(int result) {
    switch (SSL_get_error(ssl.get(), result)) {
      case SSL_ERROR_NONE:
        return Status::ok;
      case SSL_ERROR_WANT_READ:
        return Status::want_input;
      case SSL_ERROR_ZERO_RETURN:
        return Status::closed;
      default:
        return fail(describe_tls_error());
    }
  }

  std::shared_ptr<TlsContext> context;
  TlsPeer peer;
  Wire wire;
  std::unique_ptr<SSL, FreeSsl> ssl;
  std::string error;
  bool failed = false;
  bool session_offered = false;
};

TlsEngine::TlsEngine(std::shared_ptr<TlsContext> context, const std::string& host, std::uint16_t port)
    : impl_(std::make_unique<Impl>(std::move(context), host, port)) {
  impl_->ssl.reset(SSL_new(impl_->context->native()));
  BIO* bio = BIO_new(wire_method());
  if (impl_->ssl == nullptr || bio == nullptr) {
    BIO_free(bio);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, &impl_->wire);
  BIO_set_init(bio, 1);
  SSL* ssl = impl_->ssl.get();
  SSL_set_bio(ssl, bio, bio);  // owns it now
  SSL_set_app_data(ssl, &impl_->peer);
  SSL_set_connect_state(ssl);
  const std::string& name = impl_->peer.host;
  if (is_address(name) && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1) return;
  // Addresses get no SNI, which carries names only (RFC 6066).
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // What the macro SSL_set_tlsext_host_name does, with casts of this language.
  const auto set_sni = [&] {
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(name.c_str()));
  };
  if (SSL_set1_host(ssl, name.c_str()) != 1 || set_sni() != 1) {
    throw std::invalid_argument("TLS: " + name + " is neither a host name nor an address");
  }
}

TlsEngine::~TlsEngine() {
  // Without it OpenSSL would take the session for broken, as no close_notify was exchanged, and never resume
  // it. After a real failure it is right to.
  if (!impl_->failed) SSL_set_shutdown(impl_->ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsEngine::feed(std::string_view wire) {
  impl_->wire.input = wire;
}

std::string& TlsEngine::output() {
  return impl_->wire.output;
}

TlsEngine::Status TlsEngine::handshake() {
  Impl& impl = *impl_;
  if (!std::exchange(impl.session_offered, true)) {
    const TlsSession session = impl.context->take(impl.peer.key);
    if (session != nullptr) SSL_set_session(impl.ssl.get(), session.get());
  }
  ERR_clear_error();
  const Status status = impl.status_of(SSL_do_handshake(impl.ssl.get()));
  if (status == Status::failed && impl.peer.certificate_error) impl.error = *impl.peer.certificate_error;
  return status;
}

TlsEngine::Status TlsEngine::write(std::string_view plain) {
  if (impl_->failed) return Status::failed;
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(impl_->ssl.get(), plain.data(), plain.size(), &written);
  if (result == 1) return Status::ok;
  const Status status = impl_->status_of(result);
  return status == Status::failed ? status : impl_->fail("TLS failed: a record could not be written.");
}

TlsEngine::Status TlsEngine::read(std::span<char> into, std::size_t& bytes) {
  bytes = 0;
  Status status = impl_->failed ? Status::failed : Status::ok;
  while (status == Status::ok && bytes < into.size()) {
    ERR_clear_error();
    std::size_t more = 0;
    const int result = SSL_read_ex(impl_->ssl.get(), into.data() + bytes, into.size() - bytes, &more);
    status = result == 1 ? Status::ok : impl_->status_of(result);
    bytes += more;
  }
  return bytes > 0 ? Status::ok : status;  // what stopped it is met again by the next call
}

TlsEngine::Status TlsEngine::peek() {
  if (impl_->failed) return Status::failed;
  ERR_clear_error();
  char byte = 0;
  std::size_t bytes = 0;
  const int result = SSL_peek_ex(impl_->ssl.get(), &byte, 1, &bytes);
  return result == 1 ? Status::ok : impl_->status_of(result);
}

void TlsEngine::say_goodbye() {
  if (impl_->failed || !SSL_is_init_finished(impl_->ssl.get())) return;
  ERR_clear_error();
  SSL_shutdown(impl_->ssl.get());
  ERR_clear_error();
}

const std::string& TlsEngine::error() const {
  return impl_->error;
}

bool TlsEngine::resumed() const {
  return SSL_session_reused(impl_->ssl.get()) == 1;
}

}  // namespace questclient::net
