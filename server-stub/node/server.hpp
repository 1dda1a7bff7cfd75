// A whole questnode in one object: root, store, HTTP server, node.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "front/http_server.hpp"
#include "front/line_server.hpp"
#include "node/answers.hpp"
#include "node/api.hpp"
#include "node/config.hpp"
#include "node/line_writer.hpp"
#include "node/node.hpp"
#include "node/node_files.hpp"

namespace questnode::node {

/// Answers 503 until the node behind it has recovered.
class Gate final : public front::Handler {
 public:
  void open(front::Handler& handler) { handler_ = &handler; }
  void handle(front::Request request, std::function<void(front::Response)> reply) override;
  front::Response refusal(int status, const std::string& why) override { return front_error(status, why); }

 private:
  std::atomic<front::Handler*> handler_ = nullptr;
};

class Server {
 public:
  /// Locks the root, binds, checks the store, recovers, serves. `failed` is told when the node can do nothing
  /// any more. Throws what RootLock, HttpServer, the store and Node throw.
  Server(Config config, const std::filesystem::path& root, std::function<void(const std::string&)> failed);
  /// Stops taking requests, then the node.
  ~Server();

  Node& node() { return *node_; }
  /// Where it listens: "127.0.0.1:9000".
  const std::string& address() const { return address_; }
  /// Where it takes ILP over TCP; empty: nowhere.
  const std::string& line_address() const { return line_address_; }
  /// What the requests under way hold at present (questnode.requests.max.bytes).
  std::size_t bytes_held() const { return memory_->held(); }

 private:
  void open_store();
  void start_line_server();

  const Config config_;
  const RootLayout layout_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  const std::shared_ptr<base::ByteBudget> memory_;
  std::unique_ptr<RootLock> lock_;
  std::unique_ptr<object_store::ObjectStore> store_;
  std::string address_;
  std::string line_address_;
  Gate gate_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<front::HttpServer> http_;
  std::unique_ptr<LineWriter> line_writer_;
  std::unique_ptr<front::LineServer> line_server_;
};

}  // namespace questnode::node
