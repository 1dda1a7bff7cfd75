// A small cluster that keeps the rules of docs/protocol.md: tokens, gaps, epochs, durable prefix, failover.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/delivery.hpp"
#include "base/random.hpp"
#include "net/http_client.hpp"
#include "unit/sender/core_support.hpp"

namespace questclient::sender {

struct ModelEntry {
  base::Uuid stream;
  std::vector<std::string> rows;
  base::StreamPosition token;
};

struct ModelNode {
  enum class Role { primary, replica, catching_up, down };
  Role role = Role::replica;
  std::uint64_t epoch = 0;  ///< A deposed primary keeps its own.
  std::vector<ModelEntry> log;
  std::size_t durable = 0;  ///< Entries of the log in the object store.
};

class ModelCluster {
 public:
  ModelCluster(std::size_t nodes, base::RandomSource& random, bool names_lines)
      : nodes_(nodes), random_(random), names_lines_(names_lines) {
    nodes_[0].role = ModelNode::Role::primary;
    nodes_[0].epoch = epoch_ = 1;
  }

  ModelNode& primary() { return nodes_[primary_]; }
  std::size_t size() const { return nodes_.size(); }
  bool is_primary(std::size_t node) const { return node == primary_; }
  bool is_down(std::size_t node) const { return nodes_[node].role == ModelNode::Role::down; }

  /// The object store has taken some more of the log.
  void upload() { primary().durable += random_.below(primary().log.size() - primary().durable + 1); }

  /// Another node takes over with what is in the object store; the old one may go on in its own world.
  void fail_over() {
    ModelNode& old = primary();
    std::vector<ModelEntry> log(old.log.begin(), old.log.begin() + static_cast<std::ptrdiff_t>(old.durable));
    const std::uint64_t fate = random_.below(4);
    if (fate == 0) old.role = ModelNode::Role::replica;
    if (fate == 1) old.role = ModelNode::Role::down;
    if (fate == 2) old.role = ModelNode::Role::catching_up;
    primary_ = (primary_ + random_.below(nodes_.size())) % nodes_.size();  // it may be the same one again
    ModelNode& next = primary();
    next = {ModelNode::Role::primary, ++epoch_, std::move(log), 0};
    next.durable = next.log.size();
  }

  void heal() {
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      if (node != primary_) nodes_[node].role = ModelNode::Role::replica;
    }
  }

  net::HttpResponse serve(std::size_t index, const net::HttpRequest& request) {
    ModelNode& node = nodes_[index];
    net::HttpResponse response;
    response.headers = {{"X-Questclient-Commit", std::to_string(node.epoch) + ".1"},
                        {"X-QWP-Durable-Ack", "enabled"},
                        {"X-QuestDB-Role", role_name(node)}};
    const bool writable = node.role == ModelNode::Role::primary;
    if (request.target == "/settings") {
      response.status = 200;
      response.body = writable ? kOwnDurable : R"({"config":{"accepting.writes":[]}})";
    } else if (!writable) {
      response.status = 421;
    } else if (random_.below(20) == 0) {
      response.status = 503;
    } else if (request.method == "GET") {
      response.status = 200;
      add_positions(node, *base::Uuid::parse(request.target.substr(16, 36)), response);
    } else {
      write(node, request, response);
    }
    return response;
  }

 private:
  static std::string role_name(const ModelNode& node) {
    if (node.role == ModelNode::Role::primary) return "PRIMARY";
    return node.role == ModelNode::Role::catching_up ? "PRIMARY_CATCHUP" : "REPLICA";
  }
  static std::string header(const net::HttpRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return {};
  }
  static std::optional<base::StreamPosition> token(const ModelNode& node, const base::Uuid& stream,
                                                   std::size_t entries) {
    std::optional<base::StreamPosition> found;
    for (std::size_t entry = 0; entry < entries; ++entry) {
      if (node.log[entry].stream == stream) found = node.log[entry].token;
    }
    return found;
  }
  static void add_positions(const ModelNode& node, const base::Uuid& stream, net::HttpResponse& response) {
    if (const auto acked = token(node, stream, node.log.size())) {
      response.headers.emplace_back("X-Questclient-Acked", acked->to_string());
    }
    if (const auto durable = token(node, stream, node.durable)) {
      response.headers.emplace_back("X-Questclient-Durable", durable->to_string());
    }
  }

  void write(ModelNode& node, const net::HttpRequest& request, net::HttpResponse& response) {
    const auto stream = base::StreamHeader::parse(header(request, "X-Questclient-Stream"));
    const auto parts = base::parse_parts(header(request, "X-Questclient-Frames"));
    const auto gap = base::GapAcceptance::parse(header(request, "X-Questclient-Gap"));
    ASSERT_TRUE(stream && parts) << header(request, "X-Questclient-Frames");
    std::vector<std::string> rows;
    const std::string_view body = request.body;
    for (std::size_t at = 0; at < body.size(); at = body.find('\n', at) + 1)
      rows.emplace_back(body.substr(at, body.find('\n', at) - at));
    response.status = admit(node, *stream, *parts, gap, rows, response);
    add_positions(node, stream->stream, response);
  }

  int admit(ModelNode& node, const base::StreamHeader& stream, const std::vector<base::FramePart>& parts,
            const std::optional<base::GapAcceptance>& gap, const std::vector<std::string>& rows,
            net::HttpResponse& response) {
    if (rows.size() > 6) return 413;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (rows[row][0] != '!') continue;
      response.body = R"({"code":"invalid","message":"bad")" +
                      (names_lines_ ? ",\"line\":" + std::to_string(row + 1) : std::string()) + "}";
      return 400;
    }
    const auto seen = token(node, stream.stream, node.log.size());
    const base::StreamPosition begin = parts.front().begin();
    const bool accepted = gap && gap->seen == seen && gap->start == begin;
    if (!seen && begin != base::StreamPosition{stream.first, 0} && !accepted) return 409;
    base::StreamPosition at = seen.value_or(begin);
    if (accepted) at = std::max(at, begin);
    ModelEntry entry{stream.stream, {}, {}};
    std::size_t row = 0;
    for (const base::FramePart& part : parts) {
      const std::size_t first = row;
      row += part.rows;
      if (part.end() <= at) continue;  // a duplicate
      if (at < part.begin()) return 409;
      for (std::size_t fresh = at.row - part.first_row; fresh < part.rows; ++fresh) {
        entry.rows.push_back(rows.at(first + fresh));
      }
      at = part.end();
    }
    EXPECT_EQ(row, rows.size());
    entry.token = at;
    if (!entry.rows.empty()) node.log.push_back(entry);
    return 204;
  }

  std::vector<ModelNode> nodes_;
  base::RandomSource& random_;
  bool names_lines_;
  std::size_t primary_ = 0;
  std::uint64_t epoch_ = 0;
};

}  // namespace questclient::sender
