#include "sender/rejection.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>

#include "base/bounded_json.hpp"

namespace questclient::sender {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxRejectionBytes = std::size_t{64} << 10;

std::string text_of(const Json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_string()) return {};
  return found->get<std::string>().substr(0, kMaxReasonBytes);
}

// In lower case. What a value is told to be unfit for comes first: such a message may quote the value's text.
constexpr std::string_view kSchemaWords[] = {
    "cast error",   "bounds of column type", "to column type", "type mismatch",     "type conflict",
    "cannot cast",  "cannot be cast",        "inconvertible",  "incompatible type", "dimension mismatch",
    "does not fit", "loss of precision",     "value error"};
constexpr std::string_view kParseWords[] = {"could not parse",
                                            "cannot parse",
                                            "can't parse",
                                            "unable to parse",
                                            "failed to parse",
                                            "parse error",
                                            "parsing",
                                            "no fields were provided",
                                            "field_separator",
                                            "missing field",
                                            "missing tag",
                                            "value is missing",
                                            "the line ends",
                                            "the body ends",
                                            "longer than the body",
                                            "binary type",
                                            "utf-8",
                                            "array of element type",
                                            "arrays of element type",
                                            "syntax error",
                                            "malformed",
                                            "unexpected character"};

bool contains_any(std::string_view text, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

/// QuestDB puts "failed to parse line protocol:errors encountered on line(s):\nerror in line n: " before
/// whatever is wrong.
std::string_view without_preamble(std::string_view message) {
  constexpr std::string_view kLine = "error in line ";
  const std::size_t line = message.find(kLine);
  if (line == std::string_view::npos) return message;
  const std::size_t end = message.find(':', line);
  return end == std::string_view::npos ? message.substr(line + kLine.size()) : message.substr(end + 1);
}

/// QuestDB's parser gives the bare name of its error, for example INVALID_FIELD_SEPARATOR or
/// ARRAY_INVALID_TYPE.
bool is_parser_error(std::string_view what) {
  what.remove_prefix(std::min(what.find_first_not_of(' '), what.size()));
  what = what.substr(0, what.find_last_not_of(" \n") + 1);
  const bool is_a_name =
      what.find('_') != std::string_view::npos &&
      what.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string_view::npos;
  return is_a_name && !what.ends_with("_NAME");
}

/// EIO, ENOMEM, ENFILE, EMFILE, EFBIG, ENOSPC, EROFS, EDQUOT of Linux. Others a row can bring about: a name
/// that is too long for a file.
constexpr int kSystemErrors[] = {5, 12, 23, 24, 27, 28, 30, 122};

}  // namespace

RefusalKind classify_refusal(std::string_view message) {
  if (is_parser_error(without_preamble(message))) return RefusalKind::parse;
  std::string text;
  std::transform(message.begin(), message.end(), std::back_inserter(text),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const std::string_view what = without_preamble(text);
  if (contains_any(what, kSchemaWords)) return RefusalKind::schema;
  return contains_any(what, kParseWords) ? RefusalKind::parse : RefusalKind::write;
}

// QuestDB: "write error: <table>, errno: 28, error: ..."; of bad rows -1, or none at all. The first one is
// the server's own: no name of a table holds a colon.
bool blames_the_system(std::string_view message) {
  constexpr std::string_view kErrno = "errno: ";
  const std::size_t at = message.find(kErrno);
  if (at == std::string_view::npos) return false;
  int number = 0;
  std::from_chars(message.data() + at + kErrno.size(), message.data() + message.size(), number);
  return std::find(std::begin(kSystemErrors), std::end(kSystemErrors), number) != std::end(kSystemErrors);
}

Rejection parse_rejection(std::string_view body, std::uint32_t rows) {
  Rejection rejection;
  const auto document = base::parse_bounded_json(body, kMaxRejectionBytes);
  if (document && document->is_object()) {
    rejection.code = text_of(*document, "code");
    rejection.message = text_of(*document, "message");
    rejection.error_id = text_of(*document, "errorId");
    const auto line = document->find("line");
    if (line != document->end() && line->is_number_unsigned()) {
      const auto number = line->get<std::uint64_t>();
      if (number >= 1 && number <= rows) rejection.row = static_cast<std::uint32_t>(number - 1);
    }
  }
  if (rejection.message.empty()) rejection.message = std::string(body.substr(0, kMaxReasonBytes));
  rejection.kind = classify_refusal(rejection.message);
  return rejection;
}

}  // namespace questclient::sender
