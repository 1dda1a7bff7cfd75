#include "node/answers.hpp"

#include <nlohmann/json.hpp>

#include "node/credentials.hpp"

namespace questnode::node {
namespace {

using Json = nlohmann::ordered_json;

// Messages may quote bytes of a request, which need not be UTF-8.
std::string dump(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Tells this process' errors apart, for whoever compares an application's log with the node's.
std::string next_error_id() {
  static std::atomic<std::uint64_t> counter = 0;
  return "questnode-" + std::to_string(++counter);
}

void add_position(front::Response& response, std::string_view name,
                  const std::optional<base::StreamPosition>& position) {
  if (position) response.headers.emplace_back(name, position->to_string());
}

}  // namespace

std::string_view role_header(const Node& node) {
  switch (node.role()) {
    case NodeRole::standalone:
      return "STANDALONE";
    case NodeRole::replica:
      return "REPLICA";
    case NodeRole::promoting:
      return "PRIMARY_CATCHUP";
    case NodeRole::primary:
      break;
  }
  return node.writable() ? "PRIMARY" : "PRIMARY_CATCHUP";
}

void add_common_headers(front::Response& response, const Node& node) {
  response.headers.emplace_back(base::header::kRole, role_header(node));
  for (const auto& [name, value] : response.headers) {
    if (name == base::header::kCommit) return;
  }
  response.headers.emplace_back(base::header::kCommit, node.position().to_string());
}

front::Response json_error(int status, std::string_view code, std::string_view message, std::uint32_t line) {
  Json document = {{"code", code}, {"message", message}};
  if (line > 0) document["line"] = line;
  document["errorId"] = next_error_id();
  front::Response response = json_answer(status, dump(document));
  response.chunked = true;
  return response;
}

front::Response json_answer(int status, std::string body) {
  front::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  response.body = std::move(body);
  return response;
}

front::Response plain_error(int status, const std::string& text) {
  front::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = text + "\r\n";
  response.chunked = true;
  return response;
}

front::Response too_large(std::size_t max_bytes) {
  return json_error(
      413, "request too large",
      "the body is longer than " + std::to_string(max_bytes) + " bytes (line.http.max.recv.buffer.size)");
}

front::Response front_error(int status, const std::string& why) {
  front::Response response;
  if (status == 413 || status == 500 || status == 503) {
    response = json_error(status,
                          status == 413   ? "request too large"
                          : status == 500 ? "internal error"
                                          : "retry operation",
                          why);
  } else {
    response = plain_error(status, why);
  }
  response.close = true;
  return response;
}

front::Response write_response(const WriteAnswer& answer, bool with_stream) {
  using Kind = WriteAnswer::Kind;
  front::Response response;
  switch (answer.kind) {
    case Kind::committed:
      break;
    case Kind::gap:
      response = json_error(409, "gap", answer.message);
      break;
    case Kind::unknown_stream:
      response = json_error(409, "unknown stream", answer.message);
      break;
    case Kind::refused:
      response = json_error(400, "invalid", answer.message, answer.line);
      break;
    case Kind::too_large:
      response = json_error(413, "request too large", answer.message);
      break;
    case Kind::not_writable:
      response = json_error(421, "not accepting writes", answer.message);
      break;
    case Kind::overloaded:
      response = json_error(503, "retry operation", answer.message);
      break;
    case Kind::failed:
      response = json_error(500, "internal error", answer.message);
      break;
  }
  response.headers.emplace_back(base::header::kCommit, answer.commit.to_string());
  if (with_stream) {
    add_position(response, base::header::kAcked, answer.acked);
    add_position(response, base::header::kDurable, answer.durable);
  }
  return response;
}

front::Response stream_response(const StreamStatus& status) {
  front::Response response;
  add_position(response, base::header::kAcked, status.acked);
  add_position(response, base::header::kDurable, status.durable);
  return response;
}

std::string settings_json(const Node& node, const Config& config) {
  Json writes = Json::array();
  Json transports = Json::array();
  if (config.line_tcp && !config.read_only) {
    transports.push_back("tcp");
    if (node.writable()) writes.push_back("tcp");
  }
  transports.push_back("http");
  if (node.writable() && !config.read_only && !config.http_read_only) writes.insert(writes.begin(), "http");
  Json settings = {
      {"release.type", "questnode"},
      {"release.version", kVersion},
      {"http.settings.readonly", false},
      {"accepting.writes", std::move(writes)},
      {"line.proto.support.versions", {1, 2, 3}},
      {"ilp.proto.transports", std::move(transports)},
      {"cairo.max.file.name.length", 127},
      {"questclient.delivery", 1},
      {"questclient.durable_ack", node.replicated()},
  };
  if (Credentials(config).required()) settings["acl.enabled"] = true;
  return dump({{"config", std::move(settings)}, {"preferences.version", 0}, {"preferences", Json::object()}});
}

std::string status_json(const NodeStatus& status) {
  Json tables = Json::array();
  for (const engine::TableSchema& table : status.tables) {
    tables.push_back(
        {{"name", table.name}, {"columns", table.columns.size()}, {"transactions", table.transactions}});
  }
  const Json document = {
      {"name", status.name},
      {"address", status.address},
      {"version", kVersion},
      {"role", role_text(status.role)},
      {"writable", status.writable},
      {"refusal", status.refusal},
      {"epoch", status.log.epoch},
      {"primary", {{"node", status.log.primary_node}, {"address", status.log.primary_address}}},
      {"log",
       {{"seq", status.log.seq},
        {"through", status.log.through},
        {"last", status.last},
        {"synced", status.synced},
        {"applied", status.applied}}},
      {"store_error", status.log.last_error},
      {"tables_error", status.tables_error},
      {"rescued", {{"entries", status.log.rescued_entries}, {"files", status.rescued_files}}},
      {"tables", std::move(tables)},
  };
  return dump(document);
}

}  // namespace questnode::node
