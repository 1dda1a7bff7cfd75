#include "net/tls_context.hpp"

#include <fstream>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <questclient/error.hpp>

#include "net/connection.hpp"
#include "net/tls_errors.hpp"

namespace questclient::net {

namespace {

// Bounds of the session cache: a server sends two tickets a handshake, and hosts come from a connect string.
constexpr std::size_t kSessionsPerPeer = 4;
constexpr std::size_t kPeers = 256;

[[noreturn]] void fail(const std::string& message) {
  ERR_clear_error();
  throw Error(ErrorCode::tls, Disposition::fix_and_resend, message);
}

/// Asked for every certificate of a chain; keeps what is wrong, in words, while the certificate is at hand.
int on_certificate(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return ok;
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* peer = static_cast<TlsPeer*>(SSL_get_app_data(ssl));
  if (!peer->certificate_error) {
    peer->certificate_error = describe_certificate_error(X509_STORE_CTX_get_error(store),
                                                         X509_STORE_CTX_get_current_cert(store), peer->host);
  }
  return ok;
}

/// With TLS 1.3 once for every ticket, and those come after the handshake.
int on_session(SSL* ssl, SSL_SESSION* session) {
  const auto* peer = static_cast<TlsPeer*>(SSL_get_app_data(ssl));
  peer->context.keep(peer->key, TlsSession(session));
  return 1;  // the reference is ours
}

}  // namespace

void FreeSession::operator()(ssl_session_st* session) const {
  SSL_SESSION_free(session);
}

TlsContext::TlsContext(TlsVerify verify, TlsCa ca, const std::string& roots_pem)
    : context_(SSL_CTX_new(TLS_client_method())) {
  if (context_ == nullptr) fail("TLS: OpenSSL has no memory for a context.");
  // A constructor that throws runs no destructor.
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> guard(context_, SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Sessions are kept here, by host; OpenSSL's own cache is of no use to a client.
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_, on_session);
  if (verify == TlsVerify::unsafe_off) {
    SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
  } else {
    trust_roots(ca, roots_pem);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, on_certificate);
  }
  guard.release();
}

void TlsContext::trust_roots(TlsCa ca, const std::string& roots_pem) {
  if (ca == TlsCa::os_roots || (ca == TlsCa::automatic && roots_pem.empty())) {
    if (SSL_CTX_set_default_verify_paths(context_) != 1) {
      fail("TLS: the operating system's root certificates cannot be read. Name a PEM file in tls_roots.");
    }
    return;
  }
  if (!std::ifstream(roots_pem)) {
    fail("TLS: cannot read the file " + roots_pem + " of tls_roots. Check the path and its permissions.");
  }
  if (SSL_CTX_load_verify_file(context_, roots_pem.c_str()) != 1) {
    fail("TLS: the file " + roots_pem +
         " of tls_roots holds no certificate in PEM form. It must contain lines BEGIN CERTIFICATE.");
  }
  // The file may also hold just the server's own certificate or an intermediate one: who names it trusts it.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_), X509_V_FLAG_PARTIAL_CHAIN);
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

void TlsContext::keep(const std::string& peer, TlsSession session) {
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kPeers && !sessions_.contains(peer)) sessions_.erase(sessions_.begin());
  auto& kept = sessions_[peer];
  if (kept.size() == kSessionsPerPeer) kept.erase(kept.begin());
  kept.push_back(std::move(session));
}

TlsSession TlsContext::take(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(peer);
  if (found == sessions_.end() || found->second.empty()) return nullptr;
  SSL_SESSION* latest = found->second.back().get();
  if (SSL_SESSION_get_protocol_version(latest) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(latest);
    return TlsSession(latest);
  }
  TlsSession session = std::move(found->second.back());
  found->second.pop_back();
  return session;
}

std::shared_ptr<TlsContext> make_tls_context(TlsVerify verify, TlsCa ca, const std::string& roots_pem) {
  return std::make_shared<TlsContext>(verify, ca, roots_pem);
}

}  // namespace questclient::net
