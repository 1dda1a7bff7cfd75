// The client's side of one TLS connection without I/O: bytes of the wire go in and come out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/tls_context.hpp"

namespace questclient::net {

/// Not thread-safe.
class TlsEngine {
 public:
  enum class Status {
    ok,
    want_input,  ///< All that was fed is used up: feed more.
    closed,      ///< The other side said close_notify: nothing is missing.
    failed,      ///< See error(). output() may hold an alert for the other side.
  };

  /// The certificate must hold `host`, a name or an address.
  TlsEngine(std::shared_ptr<TlsContext> context, const std::string& host, std::uint16_t port);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  /// Bytes of the wire; they must live until a call answers want_input. REQUIRES: the last ones are used up.
  void feed(std::string_view wire);
  /// For the wire; the caller takes it away.
  std::string& output();

  Status handshake();
  /// Never want_input. REQUIRES: plain is not empty.
  Status write(std::string_view plain);
  /// Fills `into` as far as what was fed goes; ok: at least one byte.
  Status read(std::span<char> into, std::size_t& bytes);
  /// ok: read() would have something. Handles what is for TLS alone, such as tickets.
  Status peek();
  /// Puts close_notify into output().
  void say_goodbye();

  const std::string& error() const;
  /// REQUIRES: handshake() answered ok.
  bool resumed() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questclient::net
