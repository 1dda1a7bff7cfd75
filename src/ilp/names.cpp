#include "ilp/names.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <questclient/line_buffer.hpp>

#include "ilp/text.hpp"

namespace questclient::ilp {
namespace {

enum Rule : std::uint8_t { kPlain, kForbidden, kNotInColumns, kDot, kSpace, kEscaped };

constexpr std::array<std::uint8_t, 128> make_rules() {
  std::array<std::uint8_t, 128> rules{};
  for (std::size_t c = 0; c < 0x10; ++c) rules[c] = kForbidden;
  for (const char c : std::string_view("?,'\"\\/:)(+*%~\x7f"))
    rules[static_cast<unsigned char>(c)] = kForbidden;
  rules['-'] = kNotInColumns;
  rules['.'] = kDot;
  rules[' '] = kSpace;
  rules['='] = kEscaped;
  return rules;
}

constexpr auto kRules = make_rules();
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // U+FEFF

enum class Fault {
  none,
  empty,
  too_long,
  not_utf8,
  forbidden,
  leading_dot,
  trailing_dot,
  doubled_dot,
  leading_space,
  trailing_space,
};

struct Verdict {
  Fault fault = Fault::none;
  std::size_t at = 0;
  char* end = nullptr;
};

Fault judge(Rule rule, std::string_view name, std::size_t at, NameKind kind) {
  const bool first = at == 0;
  const bool last = at + 1 == name.size();
  switch (rule) {
    case kForbidden:
      return Fault::forbidden;
    case kNotInColumns:
      return kind == NameKind::column ? Fault::forbidden : Fault::none;
    case kDot:
      if (kind == NameKind::column) return Fault::forbidden;
      if (first) return Fault::leading_dot;
      if (last) return Fault::trailing_dot;
      return name[at - 1] == '.' ? Fault::doubled_dot : Fault::none;
    case kSpace:
      if (kind == NameKind::column) return Fault::none;
      if (first) return Fault::leading_space;
      return last ? Fault::trailing_space : Fault::none;
    case kPlain:
    case kEscaped:
      return Fault::none;
  }
  return Fault::none;
}

Verdict check_and_write(char* out, std::string_view name, NameKind kind, std::size_t max_units) {
  if (name.empty()) return {Fault::empty};
  if (name.size() > max_name_bytes(max_units)) return {Fault::too_long};
  std::size_t units = 0;
  for (std::size_t at = 0; at < name.size();) {
    const auto c = static_cast<unsigned char>(name[at]);
    if (c < 0x80) {
      const auto rule = static_cast<Rule>(kRules[c]);
      if (rule != kPlain) {
        const Fault fault = judge(rule, name, at, kind);
        if (fault != Fault::none) return {fault, at};
        if (rule == kSpace || rule == kEscaped) *out++ = '\\';
      }
      *out++ = name[at++];
      ++units;
      continue;
    }
    const std::string_view rest = name.substr(at);
    const std::size_t length = utf8_sequence(rest);
    if (length == 0) return {Fault::not_utf8, at};
    if (rest.starts_with(kByteOrderMark)) return {Fault::forbidden, at};
    rest.copy(out, length);
    out += length;
    at += length;
    units += length == 4 ? 2 : 1;
  }
  if (units > max_units) return {Fault::too_long};
  return {Fault::none, 0, out};
}

std::string forbidden(std::string_view name, std::size_t at, std::string_view what) {
  const std::size_t length = utf8_sequence(name.substr(at));
  return "the character " + quote(name.substr(at, length)) + " at byte " + std::to_string(at) +
         " is not allowed in " + std::string(what) + " names; rename it";
}

}  // namespace

char* write_name(char* out, std::string_view name, NameKind kind, std::size_t max_units) {
  return check_and_write(out, name, kind, max_units).end;
}

std::string explain_name(std::string_view name, NameKind kind, std::size_t max_units) {
  const std::string_view what = kind == NameKind::table ? "table" : "column";
  std::string room(2 * name.size() + 1, '\0');
  const Verdict verdict = check_and_write(room.data(), name, kind, max_units);
  const std::string at = std::to_string(verdict.at);
  std::string why = "The " + std::string(what) + " name " + quote(name) + " is refused: ";
  switch (verdict.fault) {
    case Fault::none:
      break;
    case Fault::empty:
      return why + "it is empty; give the " + std::string(what) + " a name.";
    case Fault::too_long:
      return why + "it is longer than " + std::to_string(max_units) +
             " UTF-16 units; shorten it, or raise max_name_len where the server allows more.";
    case Fault::not_utf8:
      return why + "it is not UTF-8 at byte " + at + "; encode names as UTF-8.";
    case Fault::forbidden:
      return why + forbidden(name, verdict.at, what) + ".";
    case Fault::leading_dot:
      return why + "it begins with '.'; rename it.";
    case Fault::trailing_dot:
      return why + "it ends with '.'; rename it.";
    case Fault::doubled_dot:
      return why + "it holds '..' at byte " + std::to_string(verdict.at - 1) + "; rename it.";
    case Fault::leading_space:
      return why + "it begins with a space; remove it.";
    case Fault::trailing_space:
      return why + "it ends with a space; remove it.";
  }
  return why + "rename it.";
}

std::string quote(std::string_view text) {
  constexpr std::size_t kShown = 64;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    if (at >= kShown) return out + "...\"";
    const auto c = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_sequence(text.substr(at));
    const bool hidden = length == 0 || c < 0x20 || c == 0x7f || text.substr(at).starts_with(kByteOrderMark);
    if (!hidden) {
      out += text.substr(at, length);
      at += length;
      continue;
    }
    out += "\\x";
    out += kHex[c >> 4];
    out += kHex[c & 0xf];
    ++at;
  }
  return out + '"';
}

}  // namespace questclient::ilp

namespace questclient {
namespace {

std::string checked(std::string_view name, ilp::NameKind kind, std::size_t max_name_len) {
  const std::size_t max_units = ilp::bounded_name_len(max_name_len);
  std::string encoded(2 * std::min(name.size(), ilp::max_name_bytes(max_units)), '\0');
  const char* end = ilp::write_name(encoded.data(), name, kind, max_units);
  if (end == nullptr) {
    throw Error(ErrorCode::invalid_name, Disposition::fix_and_resend,
                ilp::explain_name(name, kind, max_units));
  }
  encoded.resize(static_cast<std::size_t>(end - encoded.data()));
  return encoded;
}

std::string padded(std::string text) {
  text.resize((text.size() + ilp::kBlock - 1) / ilp::kBlock * ilp::kBlock, '\0');
  return text;
}

}  // namespace

TableName::TableName(NameView name, std::size_t max_name_len) {
  std::string encoded = checked(name, ilp::NameKind::table, max_name_len);
  length_ = encoded.size();
  padded_ = padded(std::move(encoded));
}

ColumnName::ColumnName(NameView name, std::size_t max_name_len) {
  std::string encoded(1, ',');
  encoded += checked(name, ilp::NameKind::column, max_name_len);
  encoded += '=';
  length_ = encoded.size();
  padded_ = padded(std::move(encoded));
}

}  // namespace questclient
