#include "engine/names.hpp"

namespace questnode::engine {
namespace {

constexpr std::string_view kForbidden = "?,'\"\\/:)(+*%~";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// Length of the well-formed sequence that `text` begins with; 0: there is none.
std::size_t utf8_sequence(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool surrogate = lead == 0xED && second >= 0xA0;
  const bool too_large = lead == 0xF4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

bool valid_name(std::string_view name, std::string_view also_forbidden) {
  if (name.empty() || name.find(kByteOrderMark) != std::string_view::npos) return false;
  std::size_t units = 0;
  for (std::size_t at = 0; at < name.size();) {
    const char c = name[at];
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x10 || byte == 0x7F || kForbidden.find(c) != std::string_view::npos ||
        also_forbidden.find(c) != std::string_view::npos) {
      return false;
    }
    const std::size_t length = utf8_sequence(name.substr(at));
    if (length == 0) return false;
    units += length == 4 ? 2 : 1;
    at += length;
  }
  return units <= kMaxNameUnits;
}

}  // namespace

std::string fold_case(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) c = lower(c);
  return folded;
}

bool same_name(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  if (left == right) return true;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

bool valid_table_name(std::string_view name) {
  if (!valid_name(name, {})) return false;
  const char first = name.front();
  const char last = name.back();
  return first != '.' && first != ' ' && last != '.' && last != ' ' &&
         name.find("..") == std::string_view::npos;
}

bool valid_column_name(std::string_view name) {
  return valid_name(name, ".-");
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string line_error(std::uint32_t line, std::string_view what) {
  std::string message = "failed to parse line protocol:errors encountered on line(s):\nerror in line ";
  message += std::to_string(line);
  message += ": ";
  message += what;
  return message;
}

}  // namespace questnode::engine
