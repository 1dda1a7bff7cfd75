// The node's HTTP routes. Answers: docs/questnode.md.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "front/http_server.hpp"
#include "node/answers.hpp"
#include "node/config.hpp"
#include "node/credentials.hpp"
#include "node/node.hpp"
#include "node/query_pool.hpp"

namespace questnode::node {

/// Thread-safe. The node outlives it.
class Api final : public front::Handler {
 public:
  Api(Node& node, const Config& config);
  void handle(front::Request request, std::function<void(front::Response)> reply) override;
  front::Response refusal(int status, const std::string& why) override { return front_error(status, why); }

 private:
  using Reply = std::function<void(front::Response)>;
  struct Route {
    std::string_view path;
    std::string_view method;
    void (Api::*serve)(front::Request, Reply);
    Access needed = Access::read;
  };
  static const Route kRoutes[];

  void write(front::Request request, Reply reply);
  void ping(front::Request request, Reply reply);
  void settings(front::Request request, Reply reply);
  void exec(front::Request request, Reply reply);
  void status(front::Request request, Reply reply);
  void durable(front::Request request, Reply reply);
  void lifecycle(front::Request request, Reply reply);
  void create_table(std::string sql, const Reply& reply);
  void rename_table(std::string sql, const Reply& reply);
  std::function<void(WriteAnswer)> catalog_reply(std::string sql, Reply reply) const;
  void select(std::string sql, Reply reply);

  std::optional<front::Response> unpack(front::Request& request) const;
  bool refuses_writes() const { return config_.read_only || config_.http_read_only; }

  Node& node_;
  const Config config_;
  const Credentials credentials_;
  QueryPool queries_;
};

}  // namespace questnode::node
