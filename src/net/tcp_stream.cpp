#include <array>
#include <limits>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "net/io_context.hpp"
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

class TcpStream final : public SocketStream, public std::enable_shared_from_this<TcpStream> {
 public:
  explicit TcpStream(EventLoop& loop) : resolver_(io_context_of(loop)), socket_(io_context_of(loop)) {}

  void connect(const std::string& host, std::uint16_t port, Done done) override {
    error_code error;
    // A literal address needs no resolver, whose thread cannot be interrupted.
    const auto address = asio::ip::make_address(host, error);
    if (!error) {
      endpoints_ = tcp::resolver::results_type::create(tcp::endpoint(address, port), host, {});
      connect_to_endpoints(std::move(done));
      return;
    }
    resolver_.async_resolve(
        host, std::to_string(port), tcp::resolver::numeric_service,
        [self = shared_from_this(), done = std::move(done)](const error_code& failed,
                                                            auto endpoints) mutable {
          if (failed || self->closed_) {
            done(result_of(failed ? failed : asio::error::operation_aborted, 0, NetError::Kind::resolve));
            return;
          }
          self->endpoints_ = std::move(endpoints);
          self->connect_to_endpoints(std::move(done));
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
    closed_ = true;
    error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
  }

 private:
  void connect_to_endpoints(Done done) {
    asio::async_connect(
        socket_, endpoints_,
        [self = shared_from_this(), done = std::move(done)](error_code error, const tcp::endpoint&) {
          error_code ignored;
          if (!error) self->socket_.set_option(tcp::no_delay(true), ignored);
          // Once and for all, for what is done at once: asynchronous operations do not need it.
          if (!error) self->socket_.non_blocking(true, error);
          done(result_of(error, 0, NetError::Kind::connect));
        });
  }

  tcp::resolver resolver_;
  tcp::socket socket_;
  tcp::resolver::results_type endpoints_;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<SocketStream> make_tcp_stream(EventLoop& loop) {
  return std::make_shared<TcpStream>(loop);
}

}  // namespace questclient::net
