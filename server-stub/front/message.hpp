// The text side of HTTP: targets taken apart, answers written down. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "front/http_server.hpp"

namespace questnode::front {

/// The path and the query of a request target, percent-decoded; nullopt: malformed.
struct Target {
  std::string path;
  std::map<std::string, std::string> query;
};
std::optional<Target> parse_target(std::string_view target);

/// Status line and headers, without a body that needs no framing of its own. `body_allowed` is false for
/// HEAD. The body follows as it is, then `tail`.
struct AnswerFrame {
  std::string head;
  std::string tail;
  bool with_body = false;
};
AnswerFrame frame_answer(const Response& response, bool body_allowed, bool keep_alive);

/// text/plain, closing the connection: what the front says by itself.
Response plain_answer(int status, std::string text);

}  // namespace questnode::front
