#include <algorithm>
#include <optional>
#include <string_view>

#include <questclient/error.hpp>

#include "base/clock.hpp"
#include "net/http_client.hpp"

namespace questclient::net {

namespace {

ErrorCode code_of(NetError::Kind kind) {
  switch (kind) {
    case NetError::Kind::timeout:
      return ErrorCode::timeout;
    case NetError::Kind::tls:
      return ErrorCode::tls;
    case NetError::Kind::unauthorised:
      return ErrorCode::unauthorised;
    case NetError::Kind::malformed:
    case NetError::Kind::too_large:
      return ErrorCode::server;
    default:
      return ErrorCode::connect;
  }
}

/// What to do, where the message does not say it already.
std::string_view advice(NetError::Kind kind) {
  switch (kind) {
    case NetError::Kind::timeout:
      return "Raise the timeout or look at the server's load.";
    case NetError::Kind::too_large:
      return "Ask for less at once: a query for fewer columns, or for fewer rows with LIMIT.";
    case NetError::Kind::malformed:
      return "Check that the address is QuestDB's HTTP port.";
    case NetError::Kind::tls:
    case NetError::Kind::unauthorised:
      return {};
    default:
      return "Check the address and that the server runs.";
  }
}

std::string with_advice(std::string message, NetError::Kind kind) {
  if (advice(kind).empty()) return message;
  if (!message.ends_with('.')) message += '.';
  return message.append(" ").append(advice(kind));
}

[[noreturn]] void raise(const NetError& error) {
  const auto disposition =
      error.request_may_have_arrived ? Disposition::in_doubt : Disposition::fix_and_resend;
  throw Error(code_of(error.kind), disposition, with_advice(error.message, error.kind));
}

}  // namespace

HttpResponse blocking_request(const std::string& host, std::uint16_t port, const HttpRequest& request,
                              std::chrono::milliseconds timeout, std::size_t max_response_bytes) {
  return blocking_request(Endpoint{}, host, port, request, timeout, max_response_bytes);
}

HttpResponse blocking_request(const Endpoint& endpoint, const std::string& host, std::uint16_t port,
                              const HttpRequest& request, std::chrono::milliseconds timeout,
                              std::size_t max_response_bytes) {
  const base::SystemClock clock;
  const base::Time deadline = clock.now() + timeout;
  EventLoop loop;
  const auto connection = make_connection(loop, endpoint, max_response_bytes);
  std::optional<NetError> failure;
  HttpResponse answer;

  const auto on_answer = [&](const NetError* error, HttpResponse response) {
    if (error != nullptr) failure = *error;
    answer = std::move(response);
    loop.stop();
  };
  connection->connect(host, port, std::min(timeout, endpoint.connect_timeout), [&](const NetError* error) {
    if (error != nullptr) {
      failure = *error;
      loop.stop();
      return;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.now());
    connection->request(request, std::max(left, std::chrono::milliseconds(1)), on_answer);
  });
  loop.run();
  if (failure) raise(*failure);
  return answer;
}

}  // namespace questclient::net
