// One connection, used as from a thread that waits for each step.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "net/connection.hpp"

namespace questclient::net {

inline constexpr std::chrono::milliseconds kLong{10000};
inline constexpr std::chrono::milliseconds kShort{30};

struct Outcome {
  std::optional<NetError> error;
  HttpResponse response;
};

class Client {
 public:
  explicit Client(std::size_t limit = 1 << 20) : Client(Endpoint{}, limit) {}
  explicit Client(const Endpoint& endpoint, std::size_t limit = 1 << 20)
      : connection_(make_connection(loop_, endpoint, limit)) {}
  ~Client() {
    std::promise<void> gone;
    loop_.post([&] {
      connection_.reset();
      gone.set_value();
    });
    gone.get_future().wait();
  }

  Outcome connect(std::uint16_t port, std::chrono::milliseconds timeout = kLong,
                  const std::string& host = "127.0.0.1") {
    return run([&](auto finish) {
      connection_->connect(host, port, timeout, [finish](const NetError* error) { finish(error, {}); });
    });
  }

  Outcome request(HttpRequest request, std::chrono::milliseconds timeout = kLong) {
    return run([&](auto finish) { connection_->request(std::move(request), timeout, finish); });
  }

  Outcome post(std::string body, std::chrono::milliseconds timeout = kLong) {
    return request({"POST", "/write", {{"X-Test", "1"}}, std::move(body)}, timeout);
  }

 private:
  template <class Start>
  Outcome run(Start start) {
    std::promise<Outcome> promise;
    auto outcome = promise.get_future();
    loop_.post([&] {
      start([&promise](const NetError* error, HttpResponse response) {
        promise.set_value({error != nullptr ? std::optional(*error) : std::nullopt, std::move(response)});
      });
    });
    return outcome.get();
  }

  EventLoop loop_;
  std::unique_ptr<Connection> connection_;
  struct Thread {
    explicit Thread(EventLoop& loop) : loop_(loop), thread_([&loop] { loop.run(); }) {}
    ~Thread() {
      loop_.stop();
      thread_.join();
    }
    EventLoop& loop_;
    std::thread thread_;
  } thread_{loop_};
};

}  // namespace questclient::net
