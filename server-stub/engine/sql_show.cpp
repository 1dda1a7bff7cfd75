#include "engine/sql_show.hpp"

#include <algorithm>

#include "engine/names.hpp"
#include "engine/sql_json.hpp"
#include "engine/sql_lexer.hpp"

namespace questnode::engine {
namespace {

std::string answer(std::string_view sql, std::string_view columns, const std::string& dataset,
                   std::size_t count) {
  std::string json = "{\"query\":";
  append_json_string(json, sql);
  json += ",\"columns\":[";
  json += columns;
  json += "],\"timestamp\":-1,\"dataset\":[" + dataset + "],\"count\":" + std::to_string(count) + "}";
  return json;
}

std::string show_tables(const ClusterState& state, std::string_view sql) {
  std::string dataset;
  for (const auto& [key, schema] : state.tables()) {
    dataset += dataset.empty() ? "[" : ",[";
    append_json_string(dataset, schema.name);
    dataset += ']';
  }
  return answer(sql, R"({"name":"table_name","type":"VARCHAR"})", dataset, state.tables().size());
}

std::string show_columns(const TableSchema& schema, std::string_view sql) {
  std::string dataset;
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    const ColumnDefinition& column = schema.columns[i];
    const bool is_key = std::ranges::any_of(
        schema.dedup_keys, [&](const std::string& key) { return same_name(key, column.name); });
    dataset += i == 0 ? "[" : ",[";
    append_json_string(dataset, column.name);
    dataset += ",\"" + column.type_text() + "\",";
    dataset += i == schema.timestamp_column ? "true," : "false,";
    dataset += is_key ? "true]" : "false]";
  }
  return answer(sql,
                R"({"name":"column","type":"VARCHAR"},{"name":"type","type":"VARCHAR"},)"
                R"({"name":"designated","type":"BOOLEAN"},{"name":"upsertKey","type":"BOOLEAN"})",
                dataset, schema.columns.size());
}

}  // namespace

SqlAnswer show(const ClusterState& state, std::string_view sql) {
  SqlLexer lexer(sql);
  lexer.take();
  const SqlToken what = lexer.take();
  const TableSchema* schema = nullptr;
  if (what.is("columns")) {
    if (!lexer.accept("from")) return error_answer(sql, {"'from' expected", lexer.peek().position});
    const SqlToken name = lexer.take();
    schema = name.is_name() ? state.table(name.text) : nullptr;
    if (schema == nullptr)
      return error_answer(sql, {"table does not exist [table=" + name.text + "]", name.position});
  } else if (!what.is("tables")) {
    return error_answer(sql, {"'TABLES' or 'COLUMNS FROM' expected", what.position});
  }
  lexer.accept_sign(';');
  if (lexer.peek().kind != SqlToken::Kind::end)
    return error_answer(sql, {"unexpected '" + lexer.peek().text + "'", lexer.peek().position});
  return {200, schema == nullptr ? show_tables(state, sql) : show_columns(*schema, sql)};
}

}  // namespace questnode::engine
