#include "node/api.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/gzip.hpp"
#include "engine/names.hpp"
#include "engine/sql.hpp"

namespace questnode::node {
namespace {

constexpr std::size_t kMaxWaitingQueries = 64;
constexpr std::chrono::milliseconds kLongestPoll{30'000};
constexpr std::chrono::milliseconds kPromotionPatience{30'000};
constexpr std::string_view kWriteDenied = "Write permission denied";

/// A header of ours that cannot be understood.
struct MalformedHeader : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void malformed(std::string_view name, std::string_view value) {
  throw MalformedHeader("the header " + std::string(name) + ": " + std::string(value) +
                        " cannot be understood");
}

std::optional<engine::Delivery> delivery_of(const front::Request& request) {
  const std::string_view stream = request.header(base::header::kStream);
  const std::string_view frames = request.header(base::header::kFrames);
  const std::string_view gap = request.header(base::header::kGap);
  if (stream.empty()) {
    if (!frames.empty())
      malformed(base::header::kFrames, "(without " + std::string(base::header::kStream) + ")");
    return std::nullopt;
  }
  const auto header = base::StreamHeader::parse(stream);
  if (!header) malformed(base::header::kStream, stream);
  auto parts = base::parse_parts(frames);
  if (!parts) malformed(base::header::kFrames, frames);
  engine::Delivery delivery{*header, std::move(*parts), std::nullopt};
  if (!gap.empty()) {
    delivery.gap = base::GapAcceptance::parse(gap);
    if (!delivery.gap) malformed(base::header::kGap, gap);
  }
  return delivery;
}

std::string_view query_value(const front::Request& request, const std::string& name) {
  const auto at = request.query.find(name);
  return at == request.query.end() ? std::string_view{} : std::string_view(at->second);
}

front::Response sql_response(engine::SqlAnswer answer) {
  return json_answer(answer.status, std::move(answer.json));
}

/// QuestDB's shape of an error of /exec.
front::Response exec_error(int status, const std::string& sql, const std::string& message) {
  front::Response response = sql_response(engine::error_answer(sql, {message, 0}));
  response.status = status;
  return response;
}

}  // namespace

const Api::Route Api::kRoutes[] = {
    {"/write", "POST", &Api::write, Access::write},
    {"/api/v2/write", "POST", &Api::write, Access::write},
    {"/ping", "GET", &Api::ping, Access::none},
    {"/settings", "GET", &Api::settings, Access::none},
    {"/exec", "GET", &Api::exec, Access::read},  // What it runs may need more.
    {"/status", "GET", &Api::status, Access::read},
    {"/durable", "GET", &Api::durable, Access::read},
    {"/lifecycle", "POST", &Api::lifecycle, Access::write},
};

Api::Api(Node& node, const Config& config)
    : node_(node),
      config_(config),
      credentials_(config),
      queries_(config.query_threads, kMaxWaitingQueries) {}

void Api::handle(front::Request request, std::function<void(front::Response)> reply) {
  const bool durable_ack = node_.replicated() && request.header(base::header::kRequestDurableAck) == "true";
  Reply finish = [this, durable_ack, reply = std::move(reply)](front::Response response) {
    add_common_headers(response, node_);
    if (durable_ack) response.headers.emplace_back(base::header::kDurableAck, "enabled");
    reply(std::move(response));
  };
  const auto route = std::find_if(std::begin(kRoutes), std::end(kRoutes),
                                  [&](const Route& candidate) { return candidate.path == request.path; });
  if (route == std::end(kRoutes)) return finish(plain_error(404, "Not Found"));
  if (route->method != request.method) {
    front::Response response = plain_error(405, "Method " + request.method + " not supported");
    response.headers.emplace_back("Allow", route->method);
    return finish(std::move(response));
  }
  if (route->needed != Access::none) {
    const Access access = credentials_.access(request.header("Authorization"));
    if (access == Access::none) return finish(plain_error(401, "Unauthorized"));
    if (access < route->needed) return finish(json_error(403, "unauthorised", std::string(kWriteDenied)));
  }
  try {
    (this->*route->serve)(std::move(request), finish);
  } catch (const MalformedHeader& error) {
    finish(json_error(400, "invalid", error.what()));
  }
}

/// Why not; nothing: `request` holds the plain body.
std::optional<front::Response> Api::unpack(front::Request& request) const {
  if (request.body.empty()) return std::nullopt;
  const std::size_t claimed = base::claimed_bytes(request.body);
  const std::size_t most = std::min(claimed, config_.max_body_bytes);
  const std::size_t both = request.body.size() + most;
  if (!request.held.set(both)) {
    if (request.held.fits_alone(both))
      return json_error(503, "retry operation",
                        "too many bytes of requests are being handled: try again later");
    return json_error(413, "request too large",
                      "the body does not fit into questnode.requests.max.bytes once it is unpacked");
  }
  bool too_long = false;
  auto plain = base::gunzip(request.body, most, &too_long);
  if (!plain) {
    return too_long && claimed > most ? too_large(config_.max_body_bytes)
                                      : json_error(415, "not supported", "gzip decompression error");
  }
  request.body = std::move(*plain);
  request.held.set(request.body.size());
  return std::nullopt;
}

void Api::write(front::Request request, Reply reply) {
  if (refuses_writes())
    return reply(json_error(421, "not accepting writes", "this instance cannot receive writes"));
  // As QuestDB: any other encoding is not looked at, and its bytes are taken for lines.
  if (engine::same_name(request.header("Content-Encoding"), "gzip")) {
    if (auto refusal = unpack(request)) return reply(std::move(*refusal));
  }
  const auto precision = ilp::parse_precision(query_value(request, "precision"));
  if (!precision) {
    return reply(json_error(400, "not supported",
                            "unsupported precision: it is one of n, ns, u, us, ms, s, m, h, not " +
                                std::string(query_value(request, "precision"))));
  }
  WriteCall call;
  call.precision = *precision;
  call.delivery = delivery_of(request);
  call.body = request.body;
  const bool with_stream = call.delivery.has_value();
  node_.write(std::move(call), [with_stream, reply = std::move(reply)](const WriteAnswer& answer) {
    reply(write_response(answer, with_stream));
  });
}

void Api::ping(front::Request, Reply reply) {
  front::Response response;
  response.headers.emplace_back("X-Influxdb-Version", "v2.7.4");
  reply(std::move(response));
}

void Api::settings(front::Request, Reply reply) {
  reply(json_answer(200, settings_json(node_, config_)));
}

void Api::status(front::Request, Reply reply) {
  reply(json_answer(200, status_json(node_.status())));
}

void Api::durable(front::Request request, Reply reply) {
  const auto stream = base::Uuid::parse(query_value(request, "stream"));
  if (!stream) return reply(json_error(400, "invalid", "stream=<uuid> is needed"));
  std::optional<base::StreamPosition> after;
  if (const std::string_view text = query_value(request, "after"); !text.empty()) {
    after = base::StreamPosition::parse(text);
    if (!after) return reply(json_error(400, "invalid", "after=<fsn>:<row> is malformed"));
  }
  std::uint32_t wait = 0;
  if (const std::string_view text = query_value(request, "wait"); !text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wait);
    if (error != std::errc{} || end != text.data() + text.size()) {
      return reply(json_error(400, "invalid", "wait=<milliseconds> is malformed"));
    }
  }
  node_.stream_status(
      *stream, after, std::min(std::chrono::milliseconds(wait), kLongestPoll),
      [reply = std::move(reply)](const StreamStatus& status) { reply(stream_response(status)); });
}

void Api::lifecycle(front::Request request, Reply reply) {
  const auto document = nlohmann::json::parse(request.body, nullptr, false);
  if (!document.is_object() || document.value("role", nlohmann::json()) != "primary") {
    return reply(json_error(400, "invalid", R"(the body must be {"role":"primary"})"));
  }
  if (!node_.replicated()) {
    return reply(
        json_error(400, "invalid", "this node stands alone (replication.role=none): nothing to promote"));
  }
  node_.promote(kPromotionPatience, [this, reply = std::move(reply)](bool promoted) {
    const NodeStatus status = node_.status();
    if (promoted) return reply(json_answer(200, status_json(status)));
    reply(json_error(status.role == NodeRole::promoting ? 504 : 409, "not promoted",
                     status.name + " is not the primary: " + status.refusal +
                         (status.log.last_error.empty() ? "" : "; object store: " + status.log.last_error)));
  });
}

void Api::exec(front::Request request, Reply reply) {
  std::string sql(query_value(request, "query"));
  const engine::StatementKind kind = engine::classify(sql);
  const bool changes =
      kind == engine::StatementKind::create_table || kind == engine::StatementKind::rename_table;
  if (changes && credentials_.access(request.header("Authorization")) != Access::write)
    return reply(exec_error(403, sql, std::string(kWriteDenied)));
  switch (kind) {
    case engine::StatementKind::select:
    case engine::StatementKind::show:
      return select(std::move(sql), std::move(reply));
    case engine::StatementKind::create_table:
      return create_table(std::move(sql), reply);
    case engine::StatementKind::rename_table:
      return rename_table(std::move(sql), reply);
    case engine::StatementKind::other:
      break;
  }
  reply(sql_response(engine::error_answer(sql, engine::unsupported_statement(sql))));
}

void Api::select(std::string sql, Reply reply) {
  const bool taken = queries_.submit([this, sql, reply] {
    // What the rows were read from was applied before: the position must not be ahead of them.
    const base::CommitPosition position = node_.position();
    try {
      front::Response response = sql_response(node_.select(sql));
      response.headers.emplace_back(base::header::kCommit, position.to_string());
      reply(std::move(response));
    } catch (const std::exception& error) {
      reply(exec_error(500, sql, std::string("internal error: ") + error.what()));
    }
  });
  if (!taken) reply(exec_error(503, sql, "too many queries wait already: try again later"));
}

void Api::create_table(std::string sql, const Reply& reply) {
  const auto parsed = engine::parse_create_table(sql);
  if (const auto* const error = std::get_if<engine::SqlError>(&parsed))
    return reply(sql_response(engine::error_answer(sql, *error)));
  if (refuses_writes())
    return reply(exec_error(400, sql, "Could not create table, " + std::string(kWriteDenied)));
  node_.create_table(std::get<engine::TableRequest>(parsed), catalog_reply(std::move(sql), reply));
}

void Api::rename_table(std::string sql, const Reply& reply) {
  const auto parsed = engine::parse_rename_table(sql);
  if (const auto* const error = std::get_if<engine::SqlError>(&parsed))
    return reply(sql_response(engine::error_answer(sql, *error)));
  if (refuses_writes()) return reply(exec_error(403, sql, std::string(kWriteDenied)));
  node_.rename_table(std::get<engine::RenameRequest>(parsed), catalog_reply(std::move(sql), reply));
}

std::function<void(WriteAnswer)> Api::catalog_reply(std::string sql, Reply reply) const {
  return [sql = std::move(sql), reply = std::move(reply)](const WriteAnswer& answer) {
    using Kind = WriteAnswer::Kind;
    front::Response response;
    switch (answer.kind) {
      case Kind::committed:
        response = json_answer(200, R"({"ddl":"OK"})");
        response.headers.emplace_back(base::header::kCommit, answer.commit.to_string());
        return reply(std::move(response));
      case Kind::not_writable:
        return reply(exec_error(421, sql, "not accepting writes: " + answer.message));
      case Kind::overloaded:
        return reply(exec_error(503, sql, answer.message));
      case Kind::failed:
        return reply(exec_error(500, sql, answer.message));
      default:
        return reply(exec_error(400, sql, answer.message));
    }
  };
}

}  // namespace questnode::node
