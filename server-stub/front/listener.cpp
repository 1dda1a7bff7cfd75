#include "front/listener.hpp"

#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <openssl/ssl.h>

#include "front/tls.hpp"

namespace questnode::front {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Tls = asio::ssl::stream<beast::tcp_stream>;

/// Connections over the limit that are being told so; beyond these they are just closed.
constexpr std::size_t kMaxRefusals = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};  // After EMFILE and the like.

class SocketStream;

/// What the connections share; every stream keeps it alive.
struct Loop {
  explicit Loop(int threads) : io(threads) {}

  asio::io_context io;
  /// Guards what follows. post() holds it shared, so that nothing is posted once `stopped` is set.
  std::shared_mutex mutex;
  bool stopped = false;
  std::unordered_map<SocketStream*, std::shared_ptr<Session>> sessions;
};

class SocketStream final : public Stream {
 public:
  SocketStream(std::shared_ptr<Loop> loop, asio::ip::tcp::socket socket, asio::ssl::context* tls)
      : loop_(std::move(loop)), timer_(socket.get_executor()) {
    if (tls != nullptr) {
      tls_.emplace(beast::tcp_stream(std::move(socket)), *tls);
    } else {
      plain_.emplace(std::move(socket));
    }
    error_code ignored;
    tcp().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  }

  /// The handshake, where there is one.
  void open(std::chrono::milliseconds timeout, std::function<void(bool ok)> done) {
    if (!tls_) return done(true);
    tcp().expires_after(timeout);
    tls_->async_handshake(asio::ssl::stream_base::server,
                          [done = std::move(done)](error_code error) { done(!error); });
  }
  asio::any_io_executor executor() { return tcp().get_executor(); }

  void post(std::function<void()> what) override {
    std::shared_lock lock(loop_->mutex);
    if (!loop_->stopped) asio::post(executor(), std::move(what));
  }
  void after(std::chrono::milliseconds delay, std::function<void()> what) override {
    timer_.expires_after(delay);
    timer_.async_wait([what = std::move(what)](error_code cancelled) {
      if (!cancelled) what();
    });
  }

  void read_some(std::span<char> into, Done done) override {
    const asio::mutable_buffer buffer(into.data(), into.size());
    auto finish = [done = std::move(done)](error_code error, std::size_t bytes) { done(!error, bytes); };
    if (tls_) return tls_->async_read_some(buffer, std::move(finish));
    plain_->async_read_some(buffer, std::move(finish));
  }

  void write(const std::array<std::string_view, 3>& pieces, Done done) override {
    auto finish = [done = std::move(done)](error_code error, std::size_t bytes) { done(!error, bytes); };
    if (tls_) {
      // One record rather than one for each piece.
      joined_.clear();
      for (const std::string_view piece : pieces) joined_ += piece;
      return asio::async_write(*tls_, asio::buffer(joined_), std::move(finish));
    }
    std::array<asio::const_buffer, 3> buffers;
    for (std::size_t i = 0; i < pieces.size(); ++i) buffers[i] = {pieces[i].data(), pieces[i].size()};
    asio::async_write(*plain_, buffers, std::move(finish));
  }

  std::optional<std::size_t> waiting() override {
    error_code error;
    std::size_t bytes = tcp().socket().available(error);
    if (error) return std::nullopt;
    if (tls_) bytes += static_cast<std::size_t>(SSL_pending(tls_->native_handle()));
    return bytes;
  }

  void expires_after(std::chrono::nanoseconds time) override { tcp().expires_after(time); }
  void expires_at(std::chrono::steady_clock::time_point time) override { tcp().expires_at(time); }
  void expires_never() override { tcp().expires_never(); }

  void close_gracefully(std::chrono::milliseconds patience) override {
    std::shared_ptr<Session> held = session();
    if (!held) return;  // Closed already.
    tcp().expires_after(patience);
    if (!tls_) return end_sending(std::move(held));
    tls_->async_shutdown(
        [this, held = std::move(held)](error_code) mutable { end_sending(std::move(held)); });
  }

  void close() override {
    timer_.cancel();
    tcp().close();
    std::shared_ptr<Session> held;  // Gone after the lock.
    std::unique_lock lock(loop_->mutex);
    if (const auto at = loop_->sessions.find(this); at != loop_->sessions.end()) {
      held = std::move(at->second);
      loop_->sessions.erase(at);
    }
    lock.unlock();
  }

 private:
  beast::tcp_stream& tcp() { return tls_ ? tls_->next_layer() : *plain_; }
  std::shared_ptr<Session> session() {
    std::shared_lock lock(loop_->mutex);
    const auto at = loop_->sessions.find(this);
    return at == loop_->sessions.end() ? nullptr : at->second;
  }
  void end_sending(std::shared_ptr<Session> held) {
    error_code ignored;
    tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    linger(std::move(held));
  }
  /// `held` keeps the owner: close() may come between two reads.
  void linger(std::shared_ptr<Session> held) {
    tcp().async_read_some(asio::buffer(discard_),
                          [this, held = std::move(held)](error_code error, std::size_t) mutable {
                            if (error) return close();
                            linger(std::move(held));
                          });
  }

  std::shared_ptr<Loop> loop_;
  asio::steady_timer timer_;
  std::optional<beast::tcp_stream> plain_;
  std::optional<Tls> tls_;
  std::string joined_;
  char discard_[4096];
};

}  // namespace

struct Listener::Impl {
  Impl(const ListenerOptions& listener_options, MakeSession make)
      : options(listener_options),
        make_session(std::move(make)),
        loop(std::make_shared<Loop>(listener_options.threads)),
        acceptor(asio::make_strand(loop->io)),
        pause(acceptor.get_executor()) {}

  void load_tls();
  void listen();
  void accept();
  void on_accept(error_code error, asio::ip::tcp::socket socket);
  void begin(SocketStream* stream, const std::shared_ptr<Session>& session, bool refuse) const;

  const ListenerOptions options;
  const MakeSession make_session;
  std::shared_ptr<Loop> loop;
  asio::ip::tcp::acceptor acceptor;  // On a strand of its own.
  asio::steady_timer pause;
  std::optional<asio::ssl::context> tls;
  std::uint16_t port = 0;
  std::vector<std::thread> threads;
};

void Listener::Impl::load_tls() {
  if (options.tls_certificate.empty()) return;
  const auto context = make_tls_context(options.tls_certificate, options.tls_private_key);
  SSL_CTX_up_ref(context.get());
  tls.emplace(context.get());
}

void Listener::Impl::listen() {
  const std::string name = options.address + ":" + std::to_string(options.port);
  try {
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
    port = acceptor.local_endpoint().port();
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("cannot listen on " + name + ": " + error.code().message() +
                             "; choose another " + options.key);
  }
}

void Listener::Impl::accept() {
  acceptor.async_accept(asio::make_strand(loop->io), [this](error_code error, asio::ip::tcp::socket socket) {
    on_accept(error, std::move(socket));
  });
}

void Listener::Impl::on_accept(error_code error, asio::ip::tcp::socket socket) {
  if (!acceptor.is_open()) return;
  if (error) {
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](error_code cancelled) {
      if (!cancelled) accept();
    });
    return;
  }
  auto owned = std::make_unique<SocketStream>(loop, std::move(socket), tls ? &*tls : nullptr);
  SocketStream* const stream = owned.get();
  const std::shared_ptr<Session> session = make_session(std::move(owned));
  {
    std::unique_lock lock(loop->mutex);
    if (loop->stopped) return;
    const std::size_t count = loop->sessions.size();
    if (count < options.max_connections + kMaxRefusals) {
      loop->sessions.emplace(stream, session);
      begin(stream, session, count >= options.max_connections);
    }
  }
  accept();
}

void Listener::Impl::begin(SocketStream* stream, const std::shared_ptr<Session>& session, bool refuse) const {
  const auto timeout = options.handshake_timeout;
  asio::post(stream->executor(), [stream, session, refuse, timeout] {
    stream->open(timeout, [stream, session, refuse](bool ok) {
      if (!ok) return stream->close();
      session->start(refuse);
    });
  });
}

Listener::Listener(const ListenerOptions& options, MakeSession make_session)
    : impl_(std::make_unique<Impl>(options, std::move(make_session))) {
  impl_->load_tls();
  impl_->listen();
  impl_->accept();
  for (int i = 0; i < options.threads; ++i) {
    impl_->threads.emplace_back([&io = impl_->loop->io] { io.run(); });
  }
}

Listener::~Listener() {
  {
    std::unique_lock lock(impl_->loop->mutex);
    impl_->loop->stopped = true;
    for (const auto& [stream, session] : impl_->loop->sessions) {
      asio::post(stream->executor(), [stream, held = session] { stream->close(); });
    }
  }
  asio::post(impl_->acceptor.get_executor(), [impl = impl_.get()] {
    impl->acceptor.close();
    impl->pause.cancel();
  });
  // Nothing is outstanding once every session is closed, so the threads come to their end.
  for (std::thread& thread : impl_->threads) thread.join();
}

std::uint16_t Listener::port() const {
  return impl_->port;
}

}  // namespace questnode::front
