#include "base/delivery.hpp"

#include <charconv>

namespace questclient::base {
namespace {

/// Takes pieces off the front of a header value; every step says whether it matched.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  template <class T>
  bool number(T& value) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  bool skip(std::string_view literal) {
    if (!rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }
  bool position(StreamPosition& value) { return number(value.fsn) && skip(":") && number(value.row); }
  std::string_view take(std::size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool scan_part(Scanner& scan, FramePart& part) {
  if (!scan.number(part.fsn) || !scan.skip(":") || !scan.number(part.first_row) || !scan.skip("+") ||
      !scan.number(part.rows)) {
    return false;
  }
  part.last = !scan.skip(".");
  return scan.skip(";") && scan.number(part.bytes) && part.rows > 0;
}

}  // namespace

std::string StreamPosition::to_string() const {
  return std::to_string(fsn) + ":" + std::to_string(row);
}

std::optional<StreamPosition> StreamPosition::parse(std::string_view text) {
  Scanner scan(text);
  StreamPosition value;
  if (!scan.position(value) || !scan.done()) return std::nullopt;
  return value;
}

std::string StreamHeader::to_string() const {
  return stream.to_string() + ";first=" + std::to_string(first);
}

std::optional<StreamHeader> StreamHeader::parse(std::string_view text) {
  Scanner scan(text);
  const auto id = Uuid::parse(scan.take(36));
  StreamHeader value;
  if (!id || !scan.skip(";first=") || !scan.number(value.first) || !scan.done()) return std::nullopt;
  value.stream = *id;
  return value;
}

std::string format_parts(const std::vector<FramePart>& parts) {
  std::string text;
  for (const FramePart& part : parts) {
    if (!text.empty()) text += ',';
    text += part.begin().to_string() + "+" + std::to_string(part.rows) + (part.last ? ";" : ".;") +
            std::to_string(part.bytes);
  }
  return text;
}

std::optional<std::vector<FramePart>> parse_parts(std::string_view text) {
  Scanner scan(text);
  std::vector<FramePart> parts;
  do {
    FramePart part;
    if (parts.size() == kMaxPartsPerRequest || !scan_part(scan, part)) return std::nullopt;
    parts.push_back(part);
  } while (scan.skip(","));
  if (!scan.done()) return std::nullopt;
  return parts;
}

std::string GapAcceptance::to_string() const {
  return (seen ? seen->to_string() : "") + "->" + start.to_string();
}

std::optional<GapAcceptance> GapAcceptance::parse(std::string_view text) {
  Scanner scan(text);
  GapAcceptance value;
  if (!scan.skip("->")) {
    StreamPosition seen;
    if (!scan.position(seen) || !scan.skip("->")) return std::nullopt;
    value.seen = seen;
  }
  if (!scan.position(value.start) || !scan.done()) return std::nullopt;
  return value;
}

std::string CommitPosition::to_string() const {
  return std::to_string(epoch) + "." + std::to_string(number);
}

std::optional<CommitPosition> CommitPosition::parse(std::string_view text) {
  Scanner scan(text);
  CommitPosition value;
  if (!scan.number(value.epoch) || !scan.skip(".") || !scan.number(value.number) || !scan.done())
    return std::nullopt;
  return value;
}

}  // namespace questclient::base
