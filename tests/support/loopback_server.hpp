// A TCP server on loopback whose every byte a test decides. Plain POSIX sockets: shares no code with what it
// tests.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace questclient::test {

struct ReceivedRequest {
  std::string method;
  std::string target;
  std::string head;  ///< Request line and headers as they came.
  std::string body;

  /// The value of a header, written exactly so; empty when absent.
  std::string header(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + 2 + name.size() + 2;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

/// The server's side of one connection.
class Peer {
 public:
  explicit Peer(int descriptor) : descriptor_(descriptor) {}
  virtual ~Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// The next request, whole; nullopt when the client has closed.
  std::optional<ReceivedRequest> read_request() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    ReceivedRequest request;
    request.head = buffer_.substr(0, end + 2);
    const std::size_t space = request.head.find(' ');
    request.method = request.head.substr(0, space);
    request.target = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
    const std::string length = request.header("Content-Length");
    const std::size_t body = length.empty() ? 0 : std::stoul(length);
    while (buffer_.size() < end + 4 + body) {
      if (!receive()) return std::nullopt;
    }
    request.body = buffer_.substr(end + 4, body);
    buffer_.erase(0, end + 4 + body);
    return request;
  }

  /// The next line, without its end; nullopt when the client has closed.
  std::optional<std::string> read_line() {
    std::size_t end = 0;
    while ((end = buffer_.find('\n')) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    const std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return line;
  }

  /// Everything until the client closes.
  std::string read_all() {
    while (receive()) {
    }
    return std::exchange(buffer_, {});
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = write_some(bytes);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Returns once something can be read, and leaves it there.
  virtual void wait_for_input() {
    char byte = 0;
    ::recv(descriptor_, &byte, 1, MSG_PEEK);
  }

  /// Returns once the client has closed its side; what it still sends is thrown away.
  void wait_for_close() {
    while (receive()) buffer_.clear();
  }

  /// Closing with unread input or a zero linger resets the connection.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

  int descriptor() const { return descriptor_; }

 protected:
  virtual ssize_t read_some(char* into, std::size_t size) { return ::recv(descriptor_, into, size, 0); }
  virtual ssize_t write_some(std::string_view bytes) {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

 private:
  bool receive() {
    char piece[65536];
    const ssize_t count = read_some(piece, sizeof piece);
    if (count <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(count));
    return true;
  }

  int descriptor_;
  std::string buffer_;
};

/// Runs `serve` for every connection on a thread of its own; the connection closes when it returns.
class LoopbackServer {
 public:
  using Serve = std::function<void(Peer&)>;

  explicit LoopbackServer(Serve serve, bool ipv6 = false) : serve_(std::move(serve)) {
    listener_ = ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    const void* address = ipv6 ? static_cast<const void*>(&v6) : static_cast<const void*>(&v4);
    socklen_t size = ipv6 ? sizeof v6 : sizeof v4;
    if (listener_ < 0 || ::bind(listener_, static_cast<const sockaddr*>(address), size) != 0 ||
        ::listen(listener_, 16) != 0) {
      throw std::runtime_error("cannot listen on loopback");
    }
    sockaddr_storage bound{};
    size = sizeof bound;
    ::getsockname(listener_, static_cast<sockaddr*>(static_cast<void*>(&bound)), &size);
    // The port stands at the same place in both address families.
    port_ = ntohs(static_cast<sockaddr_in*>(static_cast<void*>(&bound))->sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~LoopbackServer() { stop(); }

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Closes the listener and every connection, as a killed process would.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      stopping_ = true;
      for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
    }
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void accept_all() {
    while (true) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor < 0) return;
      const std::lock_guard lock(mutex_);
      if (stopping_) {
        ::close(descriptor);
        return;
      }
      // As servers do; else an answer waits for the client's delayed acknowledgement of what went before it.
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      open_.push_back(descriptor);
      threads_.emplace_back([this, descriptor] {
        Peer peer(descriptor);
        serve_(peer);
        const std::lock_guard inner(mutex_);
        open_.remove(descriptor);
        ::close(descriptor);
      });
    }
  }

  Serve serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  bool stopping_ = false;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

/// A port of loopback on which nobody listens, nor ever will while this process runs: it stays bound.
inline std::uint16_t unused_port() {
  const int held = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const bound = static_cast<sockaddr*>(static_cast<void*>(&address));
  if (held < 0 || ::bind(held, bound, size) != 0 || ::getsockname(held, bound, &size) != 0) {
    throw std::runtime_error("no port of loopback is free");
  }
  return ntohs(address.sin_port);
}

}  // namespace questclient::test
