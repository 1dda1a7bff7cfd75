#include "engine/sql.hpp"
#include "engine/sql_json.hpp"
#include "engine/sql_lexer.hpp"

namespace questnode::engine {

StatementKind classify(std::string_view sql) {
  SqlLexer lexer(sql);
  while (lexer.accept_sign('(')) {
  }
  const SqlToken first = lexer.take();
  if (first.is("select") || first.is("with") || first.is("values")) return StatementKind::select;
  if (first.is("show")) return StatementKind::show;
  if (first.is("create") && lexer.peek().is("table")) return StatementKind::create_table;
  if (first.is("rename") && lexer.peek().is("table")) return StatementKind::rename_table;
  return StatementKind::other;
}

SqlError unsupported_statement(std::string_view sql) {
  const SqlToken first = SqlLexer(sql).take();
  constexpr std::string_view kSupported =
      "questnode runs SELECT, SHOW TABLES, SHOW COLUMNS FROM, CREATE TABLE, RENAME TABLE and SWITCH ROLE; "
      "rows come in over ILP";
  if (first.kind == SqlToken::Kind::end) return {"empty query: " + std::string(kSupported), 0};
  return {"'" + first.text + "' is not supported: " + std::string(kSupported), first.position};
}

std::variant<RenameRequest, SqlError> parse_rename_table(std::string_view sql) {
  SqlLexer lexer(sql);
  if (!lexer.accept("rename")) return SqlError{"'rename' expected", lexer.peek().position};
  if (!lexer.accept("table")) return SqlError{"'table' expected", lexer.peek().position};
  RenameRequest request;
  if (!lexer.peek().is_name()) return SqlError{"from table name expected", lexer.peek().position};
  request.from = lexer.take().text;
  if (!lexer.accept("to")) return SqlError{"to expected", lexer.peek().position};
  if (!lexer.peek().is_name()) return SqlError{"to table name expected", lexer.peek().position};
  request.to = lexer.take().text;
  lexer.accept_sign(';');
  if (lexer.peek().kind != SqlToken::Kind::end)
    return SqlError{"unexpected '" + lexer.peek().text + "'", lexer.peek().position};
  return request;
}

SqlAnswer error_answer(std::string_view sql, const SqlError& error) {
  SqlAnswer answer{400, "{\"query\":"};
  append_json_string(answer.json, sql);
  answer.json += ",\"error\":";
  append_json_string(answer.json, error.message);
  answer.json += ",\"position\":" + std::to_string(error.position) + "}";
  return answer;
}

}  // namespace questnode::engine
