#include "front/line_server.hpp"

#include <array>
#include <utility>

#include "front/listener.hpp"

namespace questnode::front {
namespace {

constexpr std::size_t kLineReadBytes = 128 << 10;

/// Reads, then commits, then reads again: while a commit is under way the kernel's buffers fill up, which
/// holds the client back.
class LineSession final : public Session, public std::enable_shared_from_this<LineSession> {
 public:
  LineSession(const LineServerOptions& options, LineHandler& handler, std::unique_ptr<Stream> stream)
      : options_(options),
        stream_(std::move(stream)),
        consumer_(handler.open()),
        buffer_(kLineReadBytes, '\0') {}

  void start(bool refuse) override {
    if (refuse) return stream_->close();
    stream_->expires_after(options_.login_timeout);
    read();
  }

 private:
  void read() {
    if (consumer_->logged_in()) stream_->expires_never();
    stream_->read_some(buffer_, [self = shared_from_this()](bool ok, std::size_t bytes) {
      self->ending_ = !ok;
      if (!ok) return self->commit();
      self->receive(std::string_view(self->buffer_).substr(0, bytes));
    });
  }

  void receive(std::string_view bytes) {
    std::optional<std::string> reply = consumer_->receive(bytes);
    ending_ = !reply;
    if (!reply || reply->empty()) return go_on();
    reply_ = std::move(*reply);
    stream_->write({reply_, {}, {}}, [self = shared_from_this()](bool ok, std::size_t) {
      self->ending_ = !ok;
      self->go_on();
    });
  }

  void go_on() {
    const auto waiting = stream_->waiting();
    const bool more = !ending_ && waiting && *waiting > 0;
    if (more && consumer_->committable() < options_.commit_bytes) return read();
    commit();
  }

  void commit() {
    if (consumer_->committable() == 0) return committed(AfterCommit::go_on);
    stream_->expires_never();
    consumer_->commit([weak = weak_from_this()](AfterCommit next) {
      if (const auto self = weak.lock()) self->stream_->post([self, next] { self->committed(next); });
    });
  }

  void committed(AfterCommit next) {
    if (next == AfterCommit::again) {
      return stream_->after(options_.pause_before_again, [self = shared_from_this()] { self->commit(); });
    }
    if (next == AfterCommit::close || ending_) return stream_->close_gracefully(kLingerTime);
    read();
  }

  const LineServerOptions options_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<LineConsumer> consumer_;
  std::string buffer_;
  std::string reply_;
  bool ending_ = false;
};

}  // namespace

struct LineServer::Impl {
  Impl(const LineServerOptions& options, LineHandler& handler)
      : connections(options, [options, &handler](std::unique_ptr<Stream> stream) {
          return std::make_shared<LineSession>(options, handler, std::move(stream));
        }) {}

  Listener connections;
};

LineServer::LineServer(const LineServerOptions& options, LineHandler& handler)
    : impl_(std::make_unique<Impl>(options, handler)) {}

LineServer::~LineServer() = default;

std::uint16_t LineServer::port() const {
  return impl_->connections.port();
}

}  // namespace questnode::front
