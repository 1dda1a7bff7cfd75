#include <array>
#include <exception>
#include <optional>
#include <utility>

#include "net/stream.hpp"
#include "net/tls_engine.hpp"

namespace questclient::net {

namespace {

using Status = TlsEngine::Status;

// So many plain bytes are encrypted, as a chain of records, into one write: large enough that the system call
// costs nothing, small enough to stay in the processor's cache.
constexpr std::size_t kChain = std::size_t{256} << 10;

class TlsStream final : public Stream, public std::enable_shared_from_this<TlsStream> {
 public:
  TlsStream(EventLoop& loop, std::shared_ptr<TlsContext> context)
      : loop_(loop), context_(std::move(context)), socket_(make_tcp_stream(loop)) {}

  void connect(const std::string& host, std::uint16_t port, Done done) override {
    connected_ = std::move(done);
    socket_->connect(host, port, [self = shared_from_this(), host, port](const IoResult& result) {
      if (!result.ok()) {
        finish(self->connected_, result);
        return;
      }
      try {
        self->engine_.emplace(self->context_, host, port);
      } catch (const std::exception& error) {
        finish(self->connected_, failure(error.what(), NetError::Kind::tls));
        return;
      }
      self->shake_hands();
    });
  }

  void write(std::string_view first, std::string_view second, Done done) override {
    written_ = std::move(done);
    plain_ = {first, second};
    encrypted_bytes_ = sent_bytes_ = 0;
    if (first.empty() && second.empty()) {
      loop_.post([self = shared_from_this()] { finish(self->written_, {}); });
      return;
    }
    pump();
  }

  void read_some(std::span<char> into, Done done) override {
    read_ = std::move(done);
    into_ = into;
    // What is there already is delivered from the loop, not from within this call.
    if (engine_->peek() == Status::want_input) {
      receive_plain();
    } else {
      loop_.post([self = shared_from_this()] { self->decrypt(); });
    }
  }

  bool is_idle() override {
    if (!ready_ || closed_) return false;
    if (read_) return socket_->is_idle();  // that read takes what comes
    while (engine_->peek() == Status::want_input) {
      const IoResult arrived = socket_->read_now(input_);
      if (!arrived.ok()) return false;
      if (arrived.bytes == 0) return true;
      engine_->feed({input_.data(), arrived.bytes});
    }
    return false;
  }

  std::optional<std::size_t> unacknowledged() override {
    const auto below = socket_->unacknowledged();
    if (!below || !engine_) return std::nullopt;
    return *below + engine_->output().size();
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    // Not into the middle of a record, and without waiting: who closes does not care whether it arrives.
    if (ready_ && !sending_) {
      engine_->say_goodbye();
      socket_->write_now(engine_->output());
    }
    socket_->close();
    // The callbacks hold whoever made them, and those hold this stream: it must not keep them in turn. The
    // loop does, so that they also go if it never runs again.
    plain_ = {};
    for (Done* done : {&connected_, &written_, &read_}) {
      if (*done) {
        loop_.post([abandoned = std::exchange(*done, nullptr)] {
          abandoned(failure("the connection was closed", NetError::Kind::reset));
        });
      }
    }
  }

 private:
  static void finish(Done& done, const IoResult& result) {
    if (const Done callback = std::exchange(done, nullptr)) callback(result);
  }
  static IoResult failure(std::string error, NetError::Kind kind) {
    return {0, std::move(error), kind, false};
  }

  void shake_hands() {
    if (!connected_) return;
    const Status status = engine_->handshake();
    if (status == Status::failed) {
      if (!sending_) socket_->write_now(engine_->output());  // the alert, for the server's log
      finish(connected_, failure(engine_->error(), NetError::Kind::tls));
      return;
    }
    handshake_done_ = status == Status::ok;
    pump();
    if (status != Status::want_input) return;
    socket_->read_some(input_, [self = shared_from_this()](const IoResult& result) {
      if (!result.ok()) {
        finish(self->connected_, self->broken_handshake(result));
        return;
      }
      self->engine_->feed({self->input_.data(), result.bytes});
      self->shake_hands();
    });
  }

  static IoResult broken_handshake(const IoResult& result) {
    return failure("the TLS handshake broke off: " + result.error + ". Check that this port speaks TLS.",
                   NetError::Kind::tls);
  }

  /// Encrypts and sends whatever is to be sent; one write at a time.
  void pump() {
    if (sending_ || closed_) return;
    if (!encrypt()) {
      plain_ = {};
      loop_.post([self = shared_from_this()] {
        finish(self->written_, failure(self->engine_->error(), NetError::Kind::tls));
      });
      return;
    }
    if (engine_->output().empty()) {
      everything_sent();
      return;
    }
    sending_ = true;
    wire_.clear();
    wire_.swap(engine_->output());
    socket_->write(wire_, {}, [self = shared_from_this()](const IoResult& result) { self->on_sent(result); });
  }

  bool encrypt() {
    for (std::string_view& piece : plain_) {
      while (!piece.empty() && engine_->output().size() < kChain) {
        const std::string_view part = piece.substr(0, kChain - engine_->output().size());
        if (engine_->write(part) != Status::ok) return false;
        encrypted_bytes_ += part.size();
        piece.remove_prefix(part.size());
      }
    }
    return true;
  }

  void on_sent(const IoResult& result) {
    sending_ = false;
    if (result.ok()) {
      sent_bytes_ = encrypted_bytes_;
      pump();
      return;
    }
    plain_ = {};
    // During the handshake the server may have said why: what the read ends with decides.
    if (handshake_done_) finish(connected_, broken_handshake(result));
    IoResult failed = result;
    failed.bytes = sent_bytes_ + (result.bytes > 0 ? 1 : 0);
    finish(written_, failed);
  }

  void everything_sent() {
    if (handshake_done_ && !ready_) {
      ready_ = true;
      finish(connected_, {});
    } else {
      IoResult result;
      result.bytes = sent_bytes_;
      finish(written_, result);
    }
  }

  void decrypt() {
    if (!read_) return;
    IoResult result;
    const Status status = engine_->read(into_, result.bytes);
    pump();  // an answer to a key update, if there was one
    if (status == Status::want_input) {
      receive_plain();
      return;
    }
    if (status == Status::closed) {
      result = failure("the server closed the connection", NetError::Kind::reset);
      result.end_of_stream = true;
    } else if (status == Status::failed) {
      result = failure(engine_->error(), NetError::Kind::tls);
    }
    finish(read_, result);
  }

  void receive_plain() {
    socket_->read_some(input_, [self = shared_from_this()](const IoResult& result) {
      if (result.ok()) {
        self->engine_->feed({self->input_.data(), result.bytes});
        self->decrypt();
        return;
      }
      IoResult failed = result;
      // Anybody in between can close a TCP connection: without close_notify it is no proper end (RFC
      // 8446, 6.1).
      if (failed.end_of_stream) failed.error += " without TLS's close_notify: what came may be cut off";
      failed.end_of_stream = false;
      finish(self->read_, failed);
    });
  }

  EventLoop& loop_;
  const std::shared_ptr<TlsContext> context_;
  const std::shared_ptr<SocketStream> socket_;
  std::optional<TlsEngine> engine_;
  bool handshake_done_ = false;  // for the engine; its last bytes may still be on their way
  bool ready_ = false;
  bool closed_ = false;
  Done connected_;

  Done written_;
  std::array<std::string_view, 2> plain_;  // still to be encrypted
  std::size_t encrypted_bytes_ = 0;
  std::size_t sent_bytes_ = 0;
  bool sending_ = false;
  std::string wire_;  // what is being sent

  Done read_;
  std::span<char> into_;
  std::array<char, (std::size_t{64} << 10)> input_;
};

}  // namespace

std::shared_ptr<Stream> make_tls_stream(EventLoop& loop, std::shared_ptr<TlsContext> context) {
  return std::make_shared<TlsStream>(loop, std::move(context));
}

}  // namespace questclient::net
