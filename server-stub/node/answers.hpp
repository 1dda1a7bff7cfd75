// The node's answers as HTTP responses, in QuestDB's shapes (docs/questnode.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "front/http_server.hpp"
#include "node/config.hpp"
#include "node/node.hpp"

namespace questnode::node {

/// Version of this server, as /settings and /status tell it.
inline constexpr std::string_view kVersion = "0.1.0";

/// PRIMARY, REPLICA, PRIMARY_CATCHUP or STANDALONE.
std::string_view role_header(const Node& node);

/// What every answer carries: role and commit position.
void add_common_headers(front::Response& response, const Node& node);

/// Chunked JSON as QuestDB's: {"code","message","line","errorId"}; no line: 0.
front::Response json_error(int status, std::string_view code, std::string_view message,
                           std::uint32_t line = 0);
front::Response json_answer(int status, std::string body);
/// One line of text, chunked, as QuestDB answers where no route's own words are needed.
front::Response plain_error(int status, const std::string& text);
/// 413
front::Response too_large(std::size_t max_bytes);
/// What the front refuses by itself, in the shape that QuestDB uses for this status.
front::Response front_error(int status, const std::string& why);

/// Status, token headers and body of a write's outcome. `with_stream`: the request named its stream.
front::Response write_response(const WriteAnswer& answer, bool with_stream);
front::Response stream_response(const StreamStatus& status);
std::string settings_json(const Node& node, const Config& config);
std::string status_json(const NodeStatus& status);

}  // namespace questnode::node
