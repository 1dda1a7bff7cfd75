#include <exception>
#include <optional>
#include <utility>

#include <questclient/query.hpp>

#include "net/authorization.hpp"
#include "net/http_client.hpp"
#include "query/parse_result.hpp"

namespace questclient {

class QueryClient::Impl {
 public:
  explicit Impl(const Options& options) : options_(options) {
    options_.validate();
    if (options_.transport != Transport::http) {
      throw Error(ErrorCode::config, Disposition::fix_and_resend,
                  "Queries go over http only. Begin the connect string with http::");
    }
  }

  /// The body of the first answer that is a success; which host gave it is in last_host().
  std::string run(std::string_view sql) {
    std::optional<Error> failure;
    for (std::size_t tried = 0; tried < options_.addr.size(); ++tried) {
      const std::size_t index = (preferred_ + tried) % options_.addr.size();
      try {
        std::string body = ask(options_.addr[index], sql);
        preferred_ = index;
        return body;
      } catch (const Error& error) {
        const bool of_the_host = error.code() == ErrorCode::connect || error.code() == ErrorCode::timeout ||
                                 error.code() == ErrorCode::server;
        // A statement that may already be running must not run a second time elsewhere.
        if (!of_the_host || (error.in_doubt() && !query::only_reads(sql))) throw;
        failure = error;
      }
    }
    throw *failure;
  }

  std::string last_host() const { return options_.addr[preferred_].to_string(); }

 private:
  std::string ask(const Address& host, std::string_view sql) const {
    net::HttpRequest request;
    request.target = "/exec?query=" + query::percent_encode(sql);
    const std::string authorization =
        net::authorization_header(options_.username, options_.password, options_.token);
    if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
    auto response = net::blocking_request(host.host, host.port, request, options_.request_timeout);
    const std::string who = host.to_string();
    if (response.status == 200) return std::move(response.body);
    if (response.status == 401 || response.status == 403) {
      throw Error(ErrorCode::unauthorised, Disposition::fix_and_resend,
                  who + " refused the credentials (" + std::to_string(response.status) +
                      "). Check username and password, or token.");
    }
    if (response.status == 400) {
      throw Error(ErrorCode::query, Disposition::fix_and_resend,
                  who + " refused the query: " + query::describe_refusal(response.body, sql));
    }
    throw Error(ErrorCode::server,
                response.status >= 500 ? Disposition::in_doubt : Disposition::fix_and_resend,
                who + " answered " + std::to_string(response.status) +
                    " to a query: " + query::describe_refusal(response.body, sql));
  }

  Options options_;
  std::size_t preferred_ = 0;  // the host that answered last
};

QueryClient::QueryClient(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
QueryClient::QueryClient(QueryClient&&) noexcept = default;
QueryClient& QueryClient::operator=(QueryClient&&) noexcept = default;
QueryClient::~QueryClient() = default;

QueryResult QueryClient::execute(std::string_view sql) {
  QueryResult result = query::parse_result(impl_->run(sql));
  result.host = impl_->last_host();
  return result;
}

std::string QueryClient::execute_json(std::string_view sql) {
  return impl_->run(sql);
}

}  // namespace questclient
