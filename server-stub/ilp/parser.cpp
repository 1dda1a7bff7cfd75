#include "ilp/parser.hpp"

#include "engine/names.hpp"
#include "ilp/line_parser.hpp"

namespace questnode::ilp {

std::optional<Precision> parse_precision(std::string_view text) {
  if (text.empty() || text == "n" || text == "ns") return Precision::nanos;
  if (text == "u" || text == "us") return Precision::micros;
  if (text == "ms") return Precision::millis;
  if (text == "s") return Precision::seconds;
  if (text == "m") return Precision::minutes;
  if (text == "h") return Precision::hours;
  return std::nullopt;
}

std::variant<engine::WriteRequest, ParseError, NoRoom> parse(std::string_view body, Precision precision,
                                                             std::int64_t arrival_wall_nanos,
                                                             const MayHold& may_hold) {
  LineParser parser(body, precision, arrival_wall_nanos);
  try {
    if (body.size() > kMaxBodyBytes)
      throw BadLine("the body is longer than " + std::to_string(kMaxBodyBytes) + " bytes");
    parser.run(may_hold);
    return parser.finish();
  } catch (const NoRoom& no_room) {
    return no_room;
  } catch (const BadLine& bad) {
    return ParseError{engine::line_error(parser.line(), bad.what()), parser.line()};
  }
}

}  // namespace questnode::ilp
