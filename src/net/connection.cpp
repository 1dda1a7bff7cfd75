#include "net/connection.hpp"

#include <stdexcept>

#include <questclient/error.hpp>

#include "net/host_trust.hpp"
#include "net/http_client.hpp"
#include "net/line_connection.hpp"
#include "net/stream.hpp"

namespace questclient::net {

namespace {

/// A key that cannot sign would fail at every connection; better once, and at once.
void check_key(const Endpoint& endpoint) {
  try {
    base::es256_sign(endpoint.private_key, endpoint.public_x, endpoint.public_y, "", endpoint.signature_form);
  } catch (const std::invalid_argument& error) {
    throw Error(
        ErrorCode::config, Disposition::fix_and_resend,
        std::string(error.what()) +
            ". token is the private key (d of the JSON web key), token_x and token_y the public one.");
  }
}

}  // namespace

Endpoint make_endpoint(const Options& options) {
  Endpoint endpoint;
  endpoint.transport = options.transport;
  endpoint.connect_timeout = options.connect_timeout;
  if (is_tls(options.transport)) {
    endpoint.tls = make_tls_context(options.tls_verify, options.tls_ca, options.tls_roots);
  }
  if (is_tcp(options.transport) && !options.username.empty()) {
    endpoint.key_id = options.username;
    endpoint.private_key = options.token;
    endpoint.public_x = options.token_x;
    endpoint.public_y = options.token_y;
    check_key(endpoint);
  }
  if (is_tcp(options.transport)) endpoint.trust = std::make_shared<HostTrust>();
  endpoint.auth_timeout = options.auth_timeout_ms;
  return endpoint;
}

std::unique_ptr<Connection> make_connection(EventLoop& loop, const Endpoint& endpoint,
                                            std::size_t max_response_bytes) {
  const std::shared_ptr<Stream> tls =
      is_tls(endpoint.transport) ? make_tls_stream(loop, endpoint.tls) : nullptr;
  if (is_tcp(endpoint.transport))
    return std::make_unique<LineConnection>(loop, tls ? tls : make_tcp_stream(loop), endpoint);
  if (tls) return std::make_unique<HttpConnection>(loop, tls, max_response_bytes);
  return std::make_unique<HttpConnection>(loop, max_response_bytes);
}

}  // namespace questclient::net
