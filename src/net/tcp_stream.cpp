#include <array>
#include <cerrno>
#include <limits>
#include <linux/sockios.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "net/address_race.hpp"
#include "net/io_context.hpp"
#include "net/name_lookup.hpp"
#include "net/stream.hpp"

namespace questclient::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

IoResult result_of(const error_code& error, std::size_t bytes, NetError::Kind kind) {
  IoResult result;
  result.bytes = bytes;
  if (!error) return result;
  result.kind = kind;
  result.end_of_stream = error == asio::error::eof;
  result.error = result.end_of_stream ? "the server closed the connection" : error.message();
  return result;
}

/// Asio's own open() leaves the socket to the programs that the application starts: a connection would then
/// live on there.
void open(tcp::socket& socket, const tcp& protocol, error_code& error) {
  const int descriptor = ::socket(protocol.family(), protocol.type() | SOCK_CLOEXEC, protocol.protocol());
  if (descriptor < 0) {
    error = error_code(errno, boost::system::system_category());
    return;
  }
  socket.assign(protocol, descriptor, error);
  if (error) ::close(descriptor);
}

class TcpStream final : public SocketStream, public std::enable_shared_from_this<TcpStream> {
 public:
  explicit TcpStream(EventLoop& loop) : loop_(loop), next_address_(loop), socket_(io_context_of(loop)) {}

  void connect(const std::string& host, std::uint16_t port, Done done) override {
    connected_ = std::move(done);
    port_ = port;
    error_code error;
    asio::ip::make_address(host, error);
    if (!error) {
      race_.emplace(std::vector{host});
      try_addresses();
      return;
    }
    lookup_.emplace(loop_, host, [weak = weak_from_this()](const Addresses& addresses) {
      if (const auto self = weak.lock()) self->on_addresses(addresses);
    });
  }

  void write(std::string_view first, std::string_view second, Done done) override {
    const std::array<asio::const_buffer, 2> pieces{asio::buffer(first.data(), first.size()),
                                                   asio::buffer(second.data(), second.size())};
    // Without a limit of its own Asio would cut the body into pieces of 64 KiB, one system call each.
    const auto as_much_as_possible = [](const error_code& error, std::size_t) {
      return error ? std::size_t{0} : std::numeric_limits<std::size_t>::max();
    };
    asio::async_write(
        socket_, pieces, as_much_as_possible,
        [self = shared_from_this(), done = std::move(done)](const error_code& error, std::size_t bytes) {
          done(result_of(error, bytes, NetError::Kind::reset));
        });
  }

  void read_some(std::span<char> into, Done done) override {
    socket_.async_read_some(
        asio::buffer(into.data(), into.size()),
        [self = shared_from_this(), done = std::move(done)](const error_code& error, std::size_t bytes) {
          done(result_of(error, bytes, NetError::Kind::reset));
        });
  }

  bool is_idle() override {
    if (!socket_.is_open()) return false;
    char byte = 0;
    error_code error;
    socket_.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    return error == asio::error::would_block || error == asio::error::try_again;
  }

  std::optional<std::size_t> unacknowledged() override {
    int bytes = 0;
    if (!socket_.is_open() || ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) != 0) return std::nullopt;
    return static_cast<std::size_t>(bytes);
  }

  IoResult read_now(std::span<char> into) override {
    error_code error;
    const std::size_t bytes = socket_.receive(asio::buffer(into.data(), into.size()), 0, error);
    if (error == asio::error::would_block || error == asio::error::try_again) return {};
    return result_of(error, bytes, NetError::Kind::reset);
  }

  void write_now(std::string_view bytes) override {
    error_code ignored;
    socket_.send(asio::buffer(bytes.data(), bytes.size()), 0, ignored);
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
    if (connected_) finish_later(result_of(asio::error::operation_aborted, 0, NetError::Kind::connect));
  }

 private:
  /// Ends the attempts. The callback does not run from within the caller's call.
  void finish_later(const IoResult& result) {
    lookup_.reset();
    next_address_.cancel();
    error_code ignored;
    for (const auto& attempt : attempts_) attempt->close(ignored);
    attempts_.clear();
    loop_.post([done = std::exchange(connected_, nullptr), result] { done(result); });
  }

  void on_addresses(const Addresses& addresses) {
    if (!connected_) return;
    if (addresses.found.empty()) {
      finish_later({0, addresses.error, NetError::Kind::resolve, false});
      return;
    }
    race_.emplace(addresses.found);
    try_addresses();
  }

  void try_addresses() {
    const base::Time now = base::SystemClock().now();
    while (const std::string* address = race_->next(now)) try_address(*address);
    if (race_->due() == base::Time::max()) return;
    next_address_.set(race_->due(), [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && self->connected_) self->try_addresses();
    });
  }

  void try_address(const std::string& text) {
    const auto socket = std::make_shared<tcp::socket>(io_context_of(loop_));
    attempts_.push_back(socket);
    const auto tried = [self = shared_from_this(), socket](const error_code& error) {
      self->on_tried(*socket, error);
    };
    error_code error;
    const tcp::endpoint endpoint(asio::ip::make_address(text, error), port_);
    if (!error) open(*socket, endpoint.protocol(), error);
    if (error) {
      loop_.post([tried, error] { tried(error); });
    } else {
      socket->async_connect(endpoint, tried);
    }
  }

  /// The first one to connect wins.
  void on_tried(tcp::socket& socket, error_code error) {
    if (!connected_) return;
    // Once and for all, for what is done at once: asynchronous operations do not need it.
    if (!error) socket.non_blocking(true, error);
    if (error) {
      race_->failed();
      if (race_->is_lost()) return finish_later(result_of(error, 0, NetError::Kind::connect));
      return try_addresses();
    }
    socket.set_option(tcp::no_delay(true), error);  // does without it
    socket_ = std::move(socket);
    finish_later({});
  }

  EventLoop& loop_;
  Done connected_;
  std::uint16_t port_ = 0;
  std::optional<NameLookup> lookup_;
  std::optional<AddressRace> race_;
  std::vector<std::shared_ptr<tcp::socket>> attempts_;
  EventLoop::Timer next_address_;

  tcp::socket socket_;
};

}  // namespace

std::shared_ptr<SocketStream> make_tcp_stream(EventLoop& loop) {
  return std::make_shared<TcpStream>(loop);
}

}  // namespace questclient::net
