// A byte stream to one host: the seam below HTTP and lines. TCP in clear is one kind of it, TLS the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/connection.hpp"
#include "net/event_loop.hpp"

namespace questclient::net {

/// How an operation ended. `error` is empty when it went well.
struct IoResult {
  std::size_t bytes = 0;
  std::string error;
  NetError::Kind kind = NetError::Kind::reset;
  bool end_of_stream = false;  ///< The other side closed in good order; comes with an error text.

  bool ok() const { return error.empty(); }
};

/// On the loop's thread only. Each operation calls back exactly once, later, also after close(). A stream
/// keeps itself alive until then; the memory that an operation was given must live as long.
class Stream {
 public:
  using Done = std::function<void(const IoResult&)>;
  virtual ~Stream() = default;

  virtual void connect(const std::string& host, std::uint16_t port, Done done) = 0;
  /// Writes both pieces, whole. At most one write at a time; a read may be under way.
  virtual void write(std::string_view first, std::string_view second, Done done) = 0;
  virtual void read_some(std::span<char> into, Done done) = 0;
  /// True while nothing has arrived and the other side has not closed; without blocking.
  virtual bool is_idle() = 0;
  /// How many bytes of what was written the other side's TCP has not acknowledged; nothing: the kernel does
  /// not say.
  virtual std::optional<std::size_t> unacknowledged() = 0;
  /// Ends every operation under way. Idempotent.
  virtual void close() = 0;
};

/// A stream that is a socket: it can also be asked for what is possible at once.
class SocketStream : public Stream {
 public:
  /// What has arrived; nothing: no bytes and no error. REQUIRES: no read under way.
  virtual IoResult read_now(std::span<char> into) = 0;
  /// Writes as much as the kernel takes, and no more. REQUIRES: no write under way.
  virtual void write_now(std::string_view bytes) = 0;
};

std::shared_ptr<SocketStream> make_tcp_stream(EventLoop& loop);
/// TLS over TCP. The name or address that is connected to is the one that the certificate must hold.
std::shared_ptr<Stream> make_tls_stream(EventLoop& loop, std::shared_ptr<TlsContext> context);

}  // namespace questclient::net
