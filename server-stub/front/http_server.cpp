#include "front/http_server.hpp"

#include <stdexcept>
#include <thread>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "front/session.hpp"

namespace questnode::front {
namespace {

/// Connections over the limit that are being told so; beyond these they are just closed.
constexpr std::size_t kMaxRefusals = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};  // After EMFILE and the like.

}  // namespace

struct HttpServer::Impl {
  Impl(const HttpServerOptions& options, Handler& handler)
      : core(std::make_shared<Core>(options, handler)),
        acceptor(asio::make_strand(core->io)),
        pause(acceptor.get_executor()) {}

  void listen();
  void accept();
  void on_accept(error_code error, asio::ip::tcp::socket socket);

  std::shared_ptr<Core> core;
  asio::ip::tcp::acceptor acceptor;  // On a strand of its own.
  asio::steady_timer pause;
  std::uint16_t port = 0;
  std::vector<std::thread> threads;
};

void HttpServer::Impl::listen() {
  const auto& options = core->options;
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
                             "; choose another http.bind.to");
  }
}

void HttpServer::Impl::accept() {
  acceptor.async_accept(asio::make_strand(core->io), [this](error_code error, asio::ip::tcp::socket socket) {
    on_accept(error, std::move(socket));
  });
}

void HttpServer::Impl::on_accept(error_code error, asio::ip::tcp::socket socket) {
  if (!acceptor.is_open()) return;
  if (error) {
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](error_code cancelled) {
      if (!cancelled) accept();
    });
    return;
  }
  {
    const auto session = std::make_shared<Session>(core, std::move(socket));
    std::unique_lock lock(core->mutex);
    if (core->stopped) return;
    const std::size_t count = core->sessions.size();
    if (count < core->options.max_connections + kMaxRefusals) {
      core->sessions.emplace(session.get(), session);
      session->start(count >= core->options.max_connections);
    }
  }
  accept();
}

HttpServer::HttpServer(const HttpServerOptions& options, Handler& handler)
    : impl_(std::make_unique<Impl>(options, handler)) {
  impl_->listen();
  impl_->accept();
  for (int i = 0; i < options.threads; ++i) {
    impl_->threads.emplace_back([&io = impl_->core->io] { io.run(); });
  }
}

HttpServer::~HttpServer() {
  {
    std::unique_lock lock(impl_->core->mutex);
    impl_->core->stopped = true;
    for (const auto& [session, held] : impl_->core->sessions) held->shut();
  }
  asio::post(impl_->acceptor.get_executor(), [impl = impl_.get()] {
    impl->acceptor.close();
    impl->pause.cancel();
  });
  // Nothing is outstanding once every session is closed, so the threads come to their end.
  for (std::thread& thread : impl_->threads) thread.join();
}

std::uint16_t HttpServer::port() const {
  return impl_->port;
}

}  // namespace questnode::front
