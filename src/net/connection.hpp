// One connection to one host, whatever lies below it: HTTP or ILP over TCP, in clear or over TLS.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <questclient/options.hpp>

#include "base/es256.hpp"
#include "net/event_loop.hpp"
#include "net/http_message.hpp"

namespace questclient::net {

/// Trusted roots, versions (1.2 and 1.3) and the sessions to resume: one for all connections of a sender.
/// Thread-safe.
class TlsContext;

/// Which hosts have taken rows, or the key, over TCP before (host_trust.hpp).
class HostTrust;

/// Throws Error{tls}: the roots cannot be read; names the file.
std::shared_ptr<TlsContext> make_tls_context(TlsVerify verify, TlsCa ca, const std::string& roots_pem);

/// How hosts are spoken to. Made once from Options, shared by every connection.
struct Endpoint {
  Transport transport = Transport::http;
  std::shared_ptr<TlsContext> tls;  ///< https, tcps.
  /// Of blocking_request, beside its own limit: one attempt to connect.
  std::chrono::milliseconds connect_timeout = std::chrono::milliseconds::max();
  // ILP over TCP:
  std::string key_id;  ///< Empty: no authentication.
  std::string private_key;
  std::string public_x;
  std::string public_y;
  base::SignatureForm signature_form = base::SignatureForm::der;
  std::chrono::milliseconds auth_timeout{15000};
  std::shared_ptr<HostTrust> trust;  ///< Never null for tcp, tcps.
};

/// Throws Error{tls} as make_tls_context, and Error{config} for a key that ES256 cannot use.
Endpoint make_endpoint(const Options& options);

/// On the loop's thread only. After an error the connection is closed; make a new one. Destroying it closes
/// it, and no callback comes afterwards.
class Connection {
 public:
  using Connected = std::function<void(const NetError*)>;
  using Answered = std::function<void(const NetError*, HttpResponse)>;
  virtual ~Connection() = default;

  /// `timeout` bounds name resolution, connect and TLS handshake together.
  virtual void connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
                       Connected done) = 0;
  /// REQUIRES: connected, no request under way.
  virtual void request(HttpRequest request, std::chrono::milliseconds timeout, Answered done) = 0;
  /// Of the body of the newest request that asked for gzip, as it was compressed.
  virtual std::size_t compressed_bytes() const { return 0; }
};

/// http, https: HTTP/1.1 with keep-alive. tcp, tcps: lines; the same requests are understood:
///   GET /settings  -> 404, as an old server answers: ILP text, and nothing else to ask for
///   POST /write    -> 204 once the other side's TCP has acknowledged every byte of the body
///   anything else  -> 404
/// That 204 is the most that ILP over TCP can tell, and it is no commit: the bytes have left this machine and
/// stand in the memory of the other one. They survive the death of this process and of this machine. They are
/// lost if the server dies before it reads and commits them, and if it refuses a line, it drops that line and
/// what follows without a word and closes. The closing is an error of the request under way, in doubt, or of
/// the next one; to which rows it is owed nobody can tell. A proxy in between acknowledges for itself.
/// A server that wants a key from one who has none takes the first rows for its name: so, without a key, the
/// first 204 of a connection waits a moment for a refusal (HostTrust says how long).
/// HttpRequest::gzip is ignored: the protocol has no compression.
std::unique_ptr<Connection> make_connection(EventLoop& loop, const Endpoint& endpoint,
                                            std::size_t max_response_bytes = 1 << 20);

/// A whole exchange that blocks the caller: connect, request, answer. For tools and queries.
/// Throws Error{connect}, Error{tls}, Error{timeout}, or Error{server}: what came is no answer, or too long.
HttpResponse blocking_request(const Endpoint& endpoint, const std::string& host, std::uint16_t port,
                              const HttpRequest& request, std::chrono::milliseconds timeout,
                              std::size_t max_response_bytes = std::size_t{256} << 20);

}  // namespace questclient::net
