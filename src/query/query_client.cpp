#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include <questclient/query.hpp>

#include "base/clock.hpp"
#include "base/delivery.hpp"
#include "net/authorization.hpp"
#include "net/connection.hpp"
#include "query/ask_all.hpp"
#include "query/host_order.hpp"
#include "query/parse_result.hpp"

namespace questclient {

namespace {

using query::HostFacts;

// How long what is known of roles and zones stays good without a failure.
constexpr std::chrono::seconds kFactsLifetime{30};

bool of_the_host(ErrorCode code) {
  return code == ErrorCode::connect || code == ErrorCode::tls || code == ErrorCode::timeout ||
         code == ErrorCode::server;
}

/// What an answer that is neither rows nor a refusal of the query or the credentials says.
std::string words_of(const net::HttpResponse& response, std::string_view sql) {
  if (response.status >= 300 && response.status < 400) {
    const std::string to(response.header("Location").substr(0, 200));
    return "it points to " + (to.empty() ? "another address" : to) +
           ", and redirects are not followed. Give QuestDB's own address, and https:: where it demands TLS.";
  }
  std::string words = query::describe_refusal(response.body, sql);
  if (!words.empty()) return words;
  if (const std::string_view role = response.header(base::header::kRole); !role.empty()) {
    return "it gives no reason; its role is " + std::string(role) + ".";
  }
  return "it gives no reason. Look into its log, and check that the address is QuestDB's HTTP port.";
}

}  // namespace

class QueryClient::Impl {
 public:
  explicit Impl(const Options& options) : options_(options) {
    options_.validate();
    if (options_.transport != Transport::http && options_.transport != Transport::https) {
      throw Error(ErrorCode::config, Disposition::fix_and_resend,
                  "Queries go over http and https only. Begin the connect string with http:: or https::");
    }
    endpoint_ = net::make_endpoint(options_);
    facts_.resize(options_.addr.size());
  }

  /// The body of the first answer that is a success; which host gave it is in last_host().
  std::string run(std::string_view sql) {
    const bool selective = options_.target != Target::any || !options_.zone.empty();
    bool just_asked = false;
    if (selective && clock_.now() >= facts_expire_) {
      learn();
      just_asked = true;
    }
    std::optional<Error> failure;
    std::vector<bool> tried(facts_.size());
    while (true) {
      if (auto body = walk(sql, tried, failure)) return *std::move(body);
      if (!selective || just_asked) break;
      // What was known led nowhere: roles may have changed.
      learn();
      just_asked = true;
    }
    if (failure) throw *failure;
    throw Error(ErrorCode::connect, Disposition::fix_and_resend, no_target());
  }

  std::string last_host() const { return options_.addr[preferred_].to_string(); }

 private:
  /// Asks the hosts that were not tried, best first.
  std::optional<std::string> walk(std::string_view sql, std::vector<bool>& tried,
                                  std::optional<Error>& failure) {
    for (const std::size_t host : query::order(facts_, options_.target, preferred_)) {
      if (tried[host]) continue;
      tried[host] = true;
      try {
        std::optional<std::string> body = ask(host, sql);
        if (!body) continue;
        preferred_ = host;
        return body;
      } catch (const Error& error) {
        // A statement that may already be running must not run a second time elsewhere.
        if (!of_the_host(error.code()) || (error.in_doubt() && !query::only_reads(sql))) throw;
        facts_[host].failed = true;
        facts_expire_ = {};
        failure = error;
      }
    }
    return std::nullopt;
  }

  void learn() {
    net::HttpRequest request;
    request.target = "/settings";
    add_authorization(request);
    const auto answers = query::ask_all(endpoint_, options_.addr, request, options_.connect_timeout);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) {
        facts_[i].failed = true;  // role and zone stay what they were
        continue;
      }
      facts_[i] = query::facts_of(*answers[i], options_.zone);
      facts_[i].failed = answers[i]->status >= 500;
    }
    facts_expire_ = clock_.now() + kFactsLifetime;
  }

  std::string no_target() const {
    std::string hosts;
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      const char* what = facts_[i].failed                         ? " does not answer"
                         : facts_[i].role == query::Role::replica ? " is a replica"
                         : facts_[i].role == query::Role::primary ? " is a primary"
                                                                  : " does not tell its role";
      hosts += (i == 0 ? "" : ", ") + options_.addr[i].to_string() + what;
    }
    return std::string("no host is a ") + (options_.target == Target::primary ? "primary" : "replica") +
           " as target demands: " + hosts + ". Add one to addr, or use target=any.";
  }

  void add_authorization(net::HttpRequest& request) const {
    const std::string authorization =
        net::authorization_header(options_.username, options_.password, options_.token);
    if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
  }

  /// Nothing: the host has meanwhile become one that target refuses, and the query can go to another one.
  std::optional<std::string> ask(std::size_t index, std::string_view sql) {
    const Address& host = options_.addr[index];
    net::HttpRequest request;
    request.target = "/exec?query=" + query::percent_encode(sql);
    add_authorization(request);
    auto response = net::blocking_request(endpoint_, host.host, host.port, request, options_.request_timeout);
    facts_[index].failed = false;
    const query::Role role = query::role_told(response);
    if (role != query::Role::unknown && !query::accepts(options_.target, role)) {
      facts_[index].role = role;
      facts_expire_ = {};
      if (query::only_reads(sql)) return std::nullopt;
    }
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
    throw Error(
        ErrorCode::server, response.status >= 500 ? Disposition::in_doubt : Disposition::fix_and_resend,
        who + " answered " + std::to_string(response.status) + " to a query: " + words_of(response, sql));
  }

  Options options_;
  net::Endpoint endpoint_;
  base::SystemClock clock_;
  std::vector<HostFacts> facts_;
  base::Time facts_expire_{};  // at once
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
