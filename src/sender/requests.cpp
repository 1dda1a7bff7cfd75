#include "sender/requests.hpp"

#include <utility>

namespace questclient::sender {
namespace {

void add(net::HttpRequest& request, std::string_view name, std::string value) {
  request.headers.emplace_back(std::string(name), std::move(value));
}

void add_common(net::HttpRequest& request, const std::string& authorization, bool ask_durable) {
  if (!authorization.empty()) add(request, "Authorization", authorization);
  if (ask_durable) add(request, base::header::kRequestDurableAck, "true");
}

}  // namespace

net::HttpRequest settings_request(const std::string& authorization) {
  net::HttpRequest request;
  request.target = "/settings";
  add_common(request, authorization, false);
  return request;
}

net::HttpRequest position_request(const base::Uuid& stream, std::optional<base::StreamPosition> after,
                                  std::chrono::milliseconds wait, const std::string& authorization,
                                  bool ask_durable) {
  net::HttpRequest request;
  request.target = "/durable?stream=" + stream.to_string();
  if (after) request.target += "&after=" + after->to_string();
  request.target += "&wait=" + std::to_string(wait.count());
  add_common(request, authorization, ask_durable);
  return request;
}

net::HttpRequest write_request(const Batch& batch, const std::optional<WriteHeaders>& headers,
                               const std::string& authorization) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = "/write?precision=n";
  add(request, "Content-Type", "text/plain; charset=utf-8");
  add_common(request, authorization, headers && headers->ask_durable);
  if (headers) {
    add(request, base::header::kStream, batch.stream.to_string());
    add(request, base::header::kFrames, base::format_parts(batch.parts));
    if (headers->gap) add(request, base::header::kGap, headers->gap->to_string());
  }
  request.body = batch.body;
  return request;
}

}  // namespace questclient::sender
