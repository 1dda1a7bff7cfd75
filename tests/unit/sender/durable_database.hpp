// A server that tells what is durable, as questnode with an object store does.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "base/delivery.hpp"
#include "driver_support.hpp"

namespace questclient::test {

/// questnode's side of our headers for one stream: everything is committed at once, and durable when told to
/// be.
class DurableDatabase {
 public:
  std::string address() const { return database_.address(); }
  void make_durable() {
    const std::lock_guard lock(mutex_);
    durable_ = acked_;
  }

 private:
  std::string reply(const ReceivedRequest& request) {
    const std::lock_guard lock(mutex_);
    if (request.method == "POST")
      acked_ = base::parse_parts(request.header("X-Questclient-Frames")).value().back().end();
    std::string headers = "X-QWP-Durable-Ack: enabled\r\nX-Questclient-Commit: 1.1\r\n";
    if (acked_) headers += "X-Questclient-Acked: " + acked_->to_string() + "\r\n";
    if (durable_) headers += "X-Questclient-Durable: " + durable_->to_string() + "\r\n";
    return "HTTP/1.1 204 OK\r\n" + headers + "\r\n";
  }

  std::mutex mutex_;
  std::optional<base::StreamPosition> acked_, durable_;
  Database database_{[this](const ReceivedRequest& request) { return reply(request); },
                     R"({"config":{"questclient.delivery":1,"questclient.durable_ack":true}})"};
};

}  // namespace questclient::test
