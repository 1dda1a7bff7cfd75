#include "net/connection.hpp"

#include <questclient/error.hpp>

#include "net/http_client.hpp"
#include "net/stream.hpp"

namespace questclient::net {

Endpoint make_endpoint(const Options& options) {
  Endpoint endpoint;
  endpoint.transport = options.transport;
  if (endpoint.transport != Transport::http) {
    throw Error(ErrorCode::config, Disposition::fix_and_resend, "Only http is spoken. Begin with http::");
  }
  return endpoint;
}

std::unique_ptr<Connection> make_connection(EventLoop& loop, const Endpoint&,
                                            std::size_t max_response_bytes) {
  return std::make_unique<HttpConnection>(loop, make_tcp_stream(loop), max_response_bytes);
}

}  // namespace questclient::net
