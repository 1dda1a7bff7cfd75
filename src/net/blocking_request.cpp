#include <algorithm>
#include <optional>

#include <questclient/error.hpp>

#include "base/clock.hpp"
#include "net/http_client.hpp"

namespace questclient::net {

namespace {

[[noreturn]] void raise(const NetError& error) {
  const bool timeout = error.kind == NetError::Kind::timeout;
  const auto disposition =
      error.request_may_have_arrived ? Disposition::in_doubt : Disposition::fix_and_resend;
  throw Error(timeout ? ErrorCode::timeout : ErrorCode::connect, disposition,
              error.message + (timeout ? ". Raise the timeout or look at the server's load."
                                       : ". Check the address and that the server runs."));
}

}  // namespace

HttpResponse blocking_request(const std::string& host, std::uint16_t port, const HttpRequest& request,
                              std::chrono::milliseconds timeout, std::size_t max_response_bytes) {
  const base::SystemClock clock;
  const base::Time deadline = clock.now() + timeout;
  EventLoop loop;
  HttpConnection connection(loop, max_response_bytes);
  std::optional<NetError> failure;
  HttpResponse answer;

  const auto on_answer = [&](const NetError* error, HttpResponse response) {
    if (error != nullptr) failure = *error;
    answer = std::move(response);
    loop.stop();
  };
  connection.connect(host, port, timeout, [&](const NetError* error) {
    if (error != nullptr) {
      failure = *error;
      loop.stop();
      return;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.now());
    connection.request(request, std::max(left, std::chrono::milliseconds(1)), on_answer);
  });
  loop.run();
  if (failure) raise(*failure);
  return answer;
}

}  // namespace questclient::net
