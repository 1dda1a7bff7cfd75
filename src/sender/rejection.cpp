#include "sender/rejection.hpp"

#include "sender/bounded_json.hpp"

namespace questclient::sender {
namespace {

constexpr std::size_t kMaxRejectionBytes = 64 * 1024;

std::string text_of(const Json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_string()) return {};
  return found->get<std::string>().substr(0, kMaxReasonBytes);
}

}  // namespace

Rejection parse_rejection(std::string_view body, std::uint32_t rows) {
  Rejection rejection;
  const auto document = parse_bounded_json(body, kMaxRejectionBytes);
  if (document && document->is_object()) {
    rejection.code = text_of(*document, "code");
    rejection.message = text_of(*document, "message");
    const auto line = document->find("line");
    if (line != document->end() && line->is_number_unsigned()) {
      const auto number = line->get<std::uint64_t>();
      if (number >= 1 && number <= rows) rejection.row = static_cast<std::uint32_t>(number - 1);
    }
  }
  if (rejection.message.empty()) rejection.message = std::string(body.substr(0, kMaxReasonBytes));
  return rejection;
}

}  // namespace questclient::sender
