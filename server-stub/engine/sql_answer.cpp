#include "engine/sql_answer.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include "engine/names.hpp"
#include "engine/sql_json.hpp"

namespace questnode::engine {
namespace {

std::string_view text_of(sqlite3_stmt* statement, int index) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
  const auto length = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
  return text == nullptr ? std::string_view() : std::string_view(text, length);
}

/// QuestDB calls the column of count() "count".
std::string computed_name(std::string_view expression) {
  const std::size_t parenthesis = expression.find('(');
  if (parenthesis == std::string_view::npos || !expression.ends_with(')')) return std::string(expression);
  const std::string_view function = expression.substr(0, parenthesis);
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
  const bool is_call = !function.empty() &&
                       fold_case(function).find_first_not_of(kLetters) == std::string::npos &&
                       expression.find(')') + 1 == expression.size();
  return std::string(is_call ? function : expression);
}

/// What a missing value of a type reads as; the types that QuestDB has no NULL for read as zero.
std::string_view null_text(const std::optional<ColumnDefinition>& origin) {
  if (!origin) return "null";
  if (origin->type == ColumnType::boolean) return "false";
  if (origin->type == ColumnType::char_ || origin->type == ColumnType::long256) return "\"\"";
  return origin->type == ColumnType::byte || origin->type == ColumnType::short_ ? "0" : "null";
}

/// QuestDB shows infinite elements as null.
void append_array(std::string& out, std::string_view json) {
  for (std::size_t at = 0; at < json.size();) {
    const std::size_t quote = std::min(json.find('"', at), json.size());
    out += json.substr(at, quote - at);
    if (quote == json.size()) return;
    out += "null";
    at = std::min(json.find('"', quote + 1), json.size() - 1) + 1;
  }
}

/// "LONG", and for arrays what QuestDB says of them.
std::string type_json(const ColumnDefinition& column) {
  if (column.type != ColumnType::double_array) return "\"" + column.type_text() + "\"";
  return R"("ARRAY","dim":)" + std::to_string(column.dimensions) + R"(,"elemType":"DOUBLE")";
}

}  // namespace

AnswerBuilder::AnswerBuilder(const ClusterState& state, sqlite3_stmt* statement) : statement_(statement) {
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    Column column;
    column.name = sqlite3_column_name(statement, i);
    const char* table = sqlite3_column_table_name(statement, i);
    const char* origin = sqlite3_column_origin_name(statement, i);
    const TableSchema* schema = table == nullptr || origin == nullptr ? nullptr : state.table(table);
    const ColumnDefinition* definition = schema == nullptr ? nullptr : schema->find(origin);
    if (definition != nullptr) {
      column.origin = *definition;
      column.designated = definition == &schema->columns[schema->timestamp_column];
    } else {
      column.name = computed_name(column.name);
    }
    columns_.push_back(std::move(column));
  }
}

void AnswerBuilder::add_row() {
  dataset_ += count_++ == 0 ? "[" : ",[";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) dataset_ += ',';
    const int index = static_cast<int>(i);
    if (sqlite3_column_type(statement_, index) == SQLITE_NULL)
      dataset_ += null_text(columns_[i].origin);
    else if (columns_[i].origin)
      add_value(columns_[i], index);
    else
      add_computed(columns_[i], index);
  }
  dataset_ += ']';
}

void AnswerBuilder::add_value(Column& column, int index) {
  switch (column.origin->type) {
    case ColumnType::boolean:
      dataset_ += sqlite3_column_int64(statement_, index) != 0 ? "true" : "false";
      return;
    case ColumnType::byte:
    case ColumnType::short_:
    case ColumnType::int_:
    case ColumnType::long_:
      return append_json_integer(dataset_, sqlite3_column_int64(statement_, index));
    case ColumnType::float_:
      return append_json_float(dataset_, static_cast<float>(sqlite3_column_double(statement_, index)));
    case ColumnType::double_:
      return append_json_double(dataset_, sqlite3_column_double(statement_, index));
    case ColumnType::date:
      return append_json_timestamp(dataset_, sqlite3_column_int64(statement_, index), 3);
    case ColumnType::timestamp:
      return append_json_timestamp(dataset_, sqlite3_column_int64(statement_, index), 6);
    case ColumnType::timestamp_ns:
      return append_json_timestamp(dataset_, sqlite3_column_int64(statement_, index), 9);
    case ColumnType::double_array: {
      const std::string_view text = text_of(statement_, index);
      if (nlohmann::json::accept(text))
        append_array(dataset_, text);
      else
        append_json_string(dataset_, text);
      return;
    }
    default:
      return append_json_string(dataset_, text_of(statement_, index));
  }
}

void AnswerBuilder::add_computed(Column& column, int index) {
  const int type = sqlite3_column_type(statement_, index);
  // Numbers of both kinds are DOUBLE, anything with text among it is VARCHAR.
  const bool first = column.seen == 0 || column.seen == type;
  const bool numbers = type != SQLITE_TEXT && type != SQLITE_BLOB && column.seen != SQLITE_TEXT;
  column.seen = first ? type : numbers ? SQLITE_FLOAT : SQLITE_TEXT;
  if (type == SQLITE_INTEGER)
    append_json_integer(dataset_, sqlite3_column_int64(statement_, index));
  else if (type == SQLITE_FLOAT)
    append_json_double(dataset_, sqlite3_column_double(statement_, index));
  else
    append_json_string(dataset_, text_of(statement_, index));
}

std::string_view AnswerBuilder::type_of_values(const Column& column) {
  if (column.seen == SQLITE_INTEGER) return "LONG";
  return column.seen == SQLITE_FLOAT ? "DOUBLE" : "VARCHAR";
}

std::string AnswerBuilder::finish(std::string_view sql) const {
  std::string json = "{\"query\":";
  append_json_string(json, sql);
  json += ",\"columns\":[";
  std::string timestamp = "-1";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    json += i == 0 ? "{\"name\":" : ",{\"name\":";
    append_json_string(json, column.name);
    json += ",\"type\":";
    json += column.origin ? type_json(*column.origin) : "\"" + std::string(type_of_values(column)) + "\"";
    json += "}";
    if (column.designated && timestamp == "-1") timestamp = std::to_string(i);
  }
  json += "],\"timestamp\":" + timestamp + ",\"dataset\":[";
  json += dataset_;
  json += "],\"count\":" + std::to_string(count_) + "}";
  return json;
}

}  // namespace questnode::engine
