// Where a server listens, and how many it serves.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace questnode::front {

struct ListenerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one; the server's port() tells which.
  std::string key;         ///< The setting to change when the address cannot be bound.
  int threads = 1;
  std::size_t max_connections = 256;  ///< More are begun as refused, some more than that are just closed.
  std::string tls_certificate;        ///< PEM file; empty: no TLS.
  std::string tls_private_key;
  std::chrono::milliseconds handshake_timeout{10'000};
};

}  // namespace questnode::front
