// A scripted server, the events of a sender, and rows with numbers: for the tests of a real Sender.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <gtest/gtest.h>

#include <questclient/sender.hpp>

#include "support/loopback_server.hpp"
#include "support/temporary_directory.hpp"

namespace questclient::test {

using std::chrono::milliseconds;

inline constexpr milliseconds kLong{20000};
inline constexpr milliseconds kShort{30};
inline const std::string kNoContent = "HTTP/1.1 204 OK\r\n\r\n";

inline std::string answer(const std::string& status, const std::string& body,
                          const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// As the real server sends errors: chunked, ended by two zeros.
inline std::string bad_line(int line) {
  const std::string body =
      R"({"code":"invalid","message":"failed to parse line protocol:errors encountered on line(s):)"
      R"(\nerror in line )" +
      std::to_string(line) + R"(: no","line":)" + std::to_string(line) + R"(,"errorId":"x"})";
  std::ostringstream size;
  size << std::hex << body.size();
  return "HTTP/1.1 400 Bad request\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json; "
         "charset=utf-8\r\n\r\n" +
         size.str() + "\r\n" + body + "\r\n00\r\n\r\n";
}

/// A server that takes rows unless told otherwise.
class Database {
 public:
  /// What to answer to rows; nullopt: close the connection without a word.
  using OnWrite = std::function<std::optional<std::string>(const ReceivedRequest&)>;

  explicit Database(OnWrite on_write = {},
                    std::string settings = R"({"config":{"line.proto.support.versions":[1,2,3]}})")
      : on_write_(std::move(on_write)),
        settings_(std::move(settings)),
        server_([this](Peer& peer) { serve(peer); }) {}

  std::string address() const { return server_.address(); }
  void stop() { server_.stop(); }

  /// The rows of every request that was answered with success, in order.
  std::vector<std::string> rows() const {
    const std::lock_guard lock(mutex_);
    return rows_;
  }
  int writes() const { return writes_; }

 private:
  void serve(Peer& peer) {
    while (const auto request = peer.read_request()) {
      if (request->target == "/settings") {
        peer.send(answer("200 OK", settings_));
        continue;
      }
      if (request->method == "POST") ++writes_;
      const auto reply = on_write_ ? on_write_(*request) : kNoContent;
      if (!reply) return;
      if (request->method == "POST" && reply->starts_with("HTTP/1.1 204")) keep(request->body);
      peer.send(*reply);
    }
  }

  void keep(const std::string& body) {
    const std::lock_guard lock(mutex_);
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) rows_.push_back(line);
  }

  OnWrite on_write_;
  std::string settings_;
  mutable std::mutex mutex_;
  std::vector<std::string> rows_;
  std::atomic<int> writes_{0};
  LoopbackServer server_;
};

/// Events as they come, and a way to wait for one.
class Events {
 public:
  std::function<void(const SenderEvent&)> handler() {
    return [this](const SenderEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      changed_.notify_all();
    };
  }
  SenderEvent wait_for(SenderEvent::Kind kind) {
    return wait_for([kind](const SenderEvent& event) { return event.kind == kind; });
  }
  SenderEvent wait_for(const std::function<bool(const SenderEvent&)>& is_it) {
    std::unique_lock lock(mutex_);
    const auto find = [&] { return std::find_if(events_.begin(), events_.end(), is_it); };
    if (!changed_.wait_for(lock, kLong, [&] { return find() != events_.end(); }))
      throw std::runtime_error("the event did not come");
    return *find();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<SenderEvent> events_;
};

/// Nobody listens there.
inline std::string dead_host() {
  return "127.0.0.1:" + std::to_string(unused_port());
}

/// For Sender::from_conf, where the test expects trouble and has other eyes for it.
inline const auto kIgnore = [](const SenderEvent&) {};

inline std::string conf(const std::string& addresses, const std::string& more = "") {
  return "http::addr=" + addresses +
         ";protocol_version=1;reconnect_initial_backoff_millis=1;reconnect_max_backoff_millis=10;" + more;
}

inline void row(Sender& sender, int number) {
  sender.table("t").column("v", number).at(TimestampNanos{number});
}

inline std::string line(int number) {
  return "t v=" + std::to_string(number) + "i " + std::to_string(number);
}

inline std::vector<std::string> lines(int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) out.push_back(line(i));
  return out;
}

/// Files of this process do not grow meanwhile.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    limit(0);
  }
  ~FullDisk() { limit(RLIM_INFINITY); }

 private:
  static void limit(rlim_t bytes) {
    struct rlimit now {};
    ::getrlimit(RLIMIT_FSIZE, &now);
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
};

/// Both kinds of slot.
class BothSlots : public ::testing::TestWithParam<bool> {
 protected:
  std::string slot() const { return GetParam() ? "sf_dir=" + directory_.path().string() + ";" : ""; }
  TemporaryDirectory directory_;
};

}  // namespace questclient::test
