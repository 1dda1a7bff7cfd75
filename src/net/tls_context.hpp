// What the TLS connections of one sender share.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <questclient/options.hpp>

struct ssl_ctx_st;
struct ssl_session_st;

namespace questclient::net {

struct FreeSession {
  void operator()(ssl_session_st* session) const;
};
class TlsContext;

/// Whom a connection speaks to; it is the application data of its SSL object.
struct TlsPeer {
  TlsContext& context;
  std::string host;  ///< The name or address that the certificate must hold.
  std::string key;   ///< Of its sessions: "host:port".
  std::optional<std::string> certificate_error;
};

using TlsSession = std::unique_ptr<ssl_session_st, FreeSession>;

/// Thread-safe.
class TlsContext {
 public:
  /// Throws Error{tls}.
  TlsContext(TlsVerify verify, TlsCa ca, const std::string& roots_pem);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* native() const { return context_; }

  /// Remembers a session for the next connection to `peer`.
  void keep(const std::string& peer, TlsSession session);
  /// The latest one; null: none. A TLS 1.3 ticket is handed out once, so that connections cannot be linked by
  /// it (RFC 8446, appendix C.4).
  TlsSession take(const std::string& peer);

 private:
  void trust_roots(TlsCa ca, const std::string& roots_pem);

  ssl_ctx_st* context_;
  std::mutex mutex_;
  std::map<std::string, std::vector<TlsSession>> sessions_;
};

}  // namespace questclient::net
