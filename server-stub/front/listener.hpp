// Accepts connections and gives each to a session. Knows nothing of what they speak.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "front/listener_options.hpp"
#include "front/stream.hpp"

namespace questnode::front {

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
