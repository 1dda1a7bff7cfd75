// questclient query: SQL to a cluster, the result for people or for scripts.
#include <charconv>
#include <iostream>

#include <questclient/query.hpp>

#include "commands.hpp"
#include "slot_text.hpp"
#include "text_table.hpp"

namespace questclient::tool {

namespace {

/// Of request_timeout.
constexpr std::chrono::hours kLongestTimeout{1};

std::string to_text(const Value& value, const char* null) {
  struct Writer {
    const char* null;
    std::string operator()(std::monostate) const { return null; }
    std::string operator()(bool truth) const { return truth ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const {
      char text[32];
      return {text, std::to_chars(text, text + sizeof text, number).ptr};
    }
    std::string operator()(const std::string& text) const { return text; }
  };
  return std::visit(Writer{null}, value);
}

void print_csv(const QueryResult& result) {
  for (std::size_t i = 0; i < result.columns.size(); ++i) {
    std::cout << (i == 0 ? "" : ",") << csv_field(result.columns[i].name);
  }
  std::cout << "\n";
  for (const auto& row : result.rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      std::cout << (i == 0 ? "" : ",") << csv_field(to_text(row[i], ""));
    std::cout << "\n";
  }
}

void print_table(const QueryResult& result) {
  if (result.columns.empty()) {
    std::cout << "OK\n";
    return;
  }
  TextTable table;
  for (const auto& column : result.columns) {
    table.header.push_back(one_line(column.name));
    table.right_aligned.push_back(true);
  }
  for (const auto& row : result.rows) {
    auto& cells = table.rows.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (std::holds_alternative<std::string>(row[i])) table.right_aligned[i] = false;
      cells.push_back(one_line(to_text(row[i], "null")));
    }
  }
  std::cout << table.to_string();
  std::cerr << result.rows.size() << (result.rows.size() == 1 ? " row" : " rows") << " from " << result.host
            << "\n";
}

/// What it does not take is a connect string that is wrong for queries.
QueryClient client_of(const Options& options) {
  try {
    return QueryClient(options);
  } catch (const Error& error) {
    throw cli::UsageError(error.what());
  }
}

}  // namespace

cli::Command query_command() {
  cli::Command command("questclient query", "Runs SQL on the first host of the connect string that answers.");
  command.option("conf", "CONF", "Connect string (default: environment variable QDB_CLIENT_CONF)")
      .flag("json", "Print the server's own JSON")
      .flag("csv", "Print CSV with a header line; null is the empty field")
      .option("timeout", "TIME",
              "How long one host may take (default: request_timeout of the connect string)")
      .positional("SQL", "The statement")
      .notes(R"(Examples:
  questclient query 'SELECT count() FROM trades' --conf 'http::addr=localhost:9000;'
  questclient query 'SELECT * FROM trades LIMIT 10' --csv --conf 'http::addr=a:9000,b:9000;'

A statement other than SELECT, SHOW and EXPLAIN is not repeated on the next host when it
is unknown whether the first one has carried it out.

Exit codes: 0 done; 1 the server refused the statement or no host answered; 2 the command
line or the connect string is wrong.
)");
  return command;
}

int run_query(const cli::ParsedArguments& arguments) {
  if (arguments.has("json") && arguments.has("csv"))
    throw cli::UsageError("--json and --csv exclude each other");
  Options options = connection_options(arguments);
  if (arguments.has("timeout")) {
    options.request_timeout = arguments.duration("timeout");
    if (options.request_timeout <= std::chrono::milliseconds(0) || options.request_timeout > kLongestTimeout)
      throw cli::UsageError("--timeout takes a time from 1ms to 1h");
  }
  QueryClient client = client_of(options);
  if (arguments.has("json")) {
    std::cout << client.execute_json(arguments.text("SQL")) << "\n";
    return cli::kExitOk;
  }
  const QueryResult result = client.execute(arguments.text("SQL"));
  if (arguments.has("csv")) {
    print_csv(result);
  } else {
    print_table(result);
  }
  return cli::kExitOk;
}

}  // namespace questclient::tool
