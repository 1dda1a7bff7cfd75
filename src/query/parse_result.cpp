#include "query/parse_result.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/bounded_json.hpp"

namespace questclient::query {

namespace {

using Json = nlohmann::json;

// The answer, its dataset, a row and an array of 32 dimensions stand in each other, and a little more.
constexpr std::size_t kMaxResultDepth = 40;
constexpr std::size_t kMaxRefusalBytes = std::size_t{1} << 20;

[[noreturn]] void not_an_answer(const std::string& why) {
  throw Error(ErrorCode::server, Disposition::fix_and_resend,
              "The answer is not what QuestDB sends from /exec: " + why +
                  ". Check that the address is QuestDB's HTTP port.");
}

Value to_value(const Json& cell, bool floating) {
  switch (cell.type()) {
    case Json::value_t::null:
      return std::monostate{};
    case Json::value_t::boolean:
      return cell.get<bool>();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      if (floating || (cell.is_number_unsigned() &&
                       cell.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()})) {
        return cell.get<double>();
      }
      return cell.get<std::int64_t>();
    case Json::value_t::number_float:
      return cell.get<double>();
    case Json::value_t::string:
      return cell.get<std::string>();
    default:
      return cell.dump();  // arrays stay JSON
  }
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

QueryResult parse_result(std::string_view json) {
  if (base::is_deeper_than(json, kMaxResultDepth)) not_an_answer("lists in it are nested too deeply");
  // The connection has bounded its size.
  const auto document = base::parse_bounded_json(json, json.size(), kMaxResultDepth);
  if (!document || !document->is_object()) not_an_answer("it is not a JSON object");
  const Json& answer = *document;
  QueryResult result;
  std::vector<bool> floating;
  if (const auto columns = answer.find("columns"); columns != answer.end()) {
    if (!columns->is_array()) not_an_answer("'columns' is not a list");
    for (const Json& column : *columns) {
      if (!column.is_object()) not_an_answer("a column is not an object");
      result.columns.push_back({text_of(column, "name"), text_of(column, "type")});
      floating.push_back(result.columns.back().type == "DOUBLE" || result.columns.back().type == "FLOAT");
    }
  }
  if (const auto dataset = answer.find("dataset"); dataset != answer.end()) {
    if (!dataset->is_array()) not_an_answer("'dataset' is not a list");
    result.rows.reserve(dataset->size());
    for (const Json& row : *dataset) {
      if (!row.is_array() || row.size() != result.columns.size()) {
        not_an_answer("a row has another number of values than there are columns");
      }
      auto& values = result.rows.emplace_back();
      values.reserve(row.size());
      for (std::size_t i = 0; i < row.size(); ++i) values.push_back(to_value(row[i], floating[i]));
    }
  }
  return result;
}

std::string describe_refusal(std::string_view json, std::string_view sql) {
  const auto document = base::parse_bounded_json(json, kMaxRefusalBytes);
  if (!document || !document->is_object() || text_of(*document, "error").empty()) {
    return std::string(json.substr(0, 500));
  }
  const Json& answer = *document;
  std::string message = text_of(answer, "error");
  const auto position = answer.find("position");
  if (position == answer.end() || !position->is_number_integer()) return message;
  const auto at = position->get<std::int64_t>();
  message += " at position " + std::to_string(at);
  if (at >= 0 && static_cast<std::size_t>(at) < sql.size()) {
    message += ", near '" + std::string(sql.substr(static_cast<std::size_t>(at), 20)) + "'";
  }
  return message;
}

bool only_reads(std::string_view sql) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto begin = std::find_if(sql.begin(), sql.end(), is_letter);
  std::string word;
  for (auto at = begin; at != sql.end() && is_letter(*at); ++at) word += static_cast<char>(*at | 0x20);
  constexpr std::array<std::string_view, 3> kReading{"select", "show", "explain"};
  const bool bare =
      std::all_of(sql.begin(), begin, [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; });
  return bare && std::find(kReading.begin(), kReading.end(), word) != kReading.end();
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace questclient::query
