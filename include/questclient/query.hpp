// Queries over /exec, with failover between hosts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <questclient/error.hpp>
#include <questclient/options.hpp>

namespace questclient {

using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

struct QueryResult {
  struct Column {
    std::string name;
    std::string type;  ///< QuestDB's name: LONG, DOUBLE, SYMBOL, TIMESTAMP, ...
  };
  std::vector<Column> columns;
  std::vector<std::vector<Value>> rows;  ///< Timestamps are text as the server writes them.
  std::string host;                      ///< Which host answered.
};

/// Runs SQL against a host of `addr` that `target` accepts: of the same `zone` if one is there, and the one
/// that answered last before the others. A host that fails is left for the next one, except by a statement
/// that may already be running there and does more than read.
///
///     QueryClient client(Options::from_conf("http::addr=a:9000,b:9000;"));
///     auto result = client.execute("SELECT count() FROM trades");
///
/// Blocks. Not thread-safe: one a thread.
class QueryClient {
 public:
  explicit QueryClient(const Options& options);
  QueryClient(QueryClient&&) noexcept;
  QueryClient& operator=(QueryClient&&) noexcept;
  ~QueryClient();

  /// Errors: query (the server's message and position), connect (also: no host is what `target` demands),
  /// tls, timeout, server, unauthorised.
  QueryResult execute(std::string_view sql);
  /// The server's own JSON, unparsed.
  std::string execute_json(std::string_view sql);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questclient
