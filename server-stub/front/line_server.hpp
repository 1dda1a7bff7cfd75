// Lines over TCP: sockets, backpressure, when to commit. Knows nothing of ILP, shows no Boost.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "front/listener_options.hpp"

namespace questnode::front {

/// What becomes of a connection after a commit.
enum class AfterCommit : std::uint8_t {
  go_on,
  again,  ///< Nothing was taken: the same lines are committed once more, a little later.
  close,
};

/// The far end of one connection. Called on its strand, one call at a time; a commit is over when its `done`
/// was called, which may come from any thread.
class LineConsumer {
 public:
  virtual ~LineConsumer() = default;
  /// Takes what has arrived; returns what to send back, often nothing. nullopt: the connection is to end,
  /// after a last commit.
  virtual std::optional<std::string> receive(std::string_view bytes) = 0;
  /// Whether the client has said who it is; until then it must not take long.
  virtual bool logged_in() const = 0;
  /// Bytes of the lines that wait for a commit.
  virtual std::size_t committable() const = 0;
  virtual void commit(std::function<void(AfterCommit)> done) = 0;
};

class LineHandler {
 public:
  virtual ~LineHandler() = default;
  /// Thread-safe.
  virtual std::unique_ptr<LineConsumer> open() = 0;
};

struct LineServerOptions : ListenerOptions {
  LineServerOptions() { key = "line.tcp.net.bind.to"; }

  std::chrono::milliseconds login_timeout{10'000};
  /// Lines are committed when the input pauses, when it ends, and from this many bytes on.
  std::size_t commit_bytes = 1 << 20;
  std::chrono::milliseconds pause_before_again{100};
};

class LineServer {
 public:
  /// Throws std::runtime_error that names the address, or the certificate's file.
  LineServer(const LineServerOptions& options, LineHandler& handler);
  /// Closes every connection and waits for the threads.
  ~LineServer();
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questnode::front
