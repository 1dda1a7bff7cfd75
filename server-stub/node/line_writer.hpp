// ILP over TCP as the node takes it: who logs in, which lines are whole, and their way into the node.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/byte_budget.hpp"
#include "base/random.hpp"
#include "front/line_server.hpp"
#include "node/line_login.hpp"
#include "node/node.hpp"

namespace questnode::node {

/// Thread-safe. REQUIRES: node and random source outlive it and every connection.
class LineWriter final : public front::LineHandler {
 public:
  /// `keys`: none asks for no login. `max_buffer_bytes`: a line that is longer ends its connection. So does a
  /// long one for which `memory` has no room; a short one always has some.
  LineWriter(Node& node, base::RandomSource& random, std::optional<LineKeys> keys,
             std::size_t max_buffer_bytes, std::shared_ptr<base::ByteBudget> memory);
  std::unique_ptr<front::LineConsumer> open() override;

 private:
  Node& node_;
  base::RandomSource& random_;
  const std::optional<LineKeys> keys_;
  const std::size_t max_buffer_bytes_;
  const std::shared_ptr<base::ByteBudget> memory_;
};

}  // namespace questnode::node
