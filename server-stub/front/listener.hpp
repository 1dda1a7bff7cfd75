// Accepts connections and gives each to a session. Knows nothing of what they speak.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "front/stream.hpp"

namespace questnode::front {

struct ListenerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one; see Listener::port().
  std::string key;         ///< The setting to change when the address cannot be bound.
  int threads = 1;
  std::size_t max_connections = 256;  ///< More are begun as refused, some more than that are just closed.
  std::string tls_certificate;        ///< PEM file; empty: no TLS.
  std::string tls_private_key;
  std::chrono::milliseconds handshake_timeout{10'000};
};

class Session {
 public:
  virtual ~Session() = default;
  /// On the strand, once the connection can be used. `refuse`: there are too many already.
  virtual void start(bool refuse) = 0;
};

class Listener {
 public:
  using MakeSession = std::function<std::shared_ptr<Session>(std::unique_ptr<Stream>)>;

  /// Throws std::runtime_error that names the address, or the file of the certificate.
  Listener(const ListenerOptions& options, MakeSession make_session);
  /// Closes every connection and waits for the threads.
  ~Listener();
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questnode::front
