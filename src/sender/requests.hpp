// The three requests that a sender makes, as plain values.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/delivery.hpp"
#include "net/http_client.hpp"
#include "sender/batch.hpp"

namespace questclient::sender {

net::HttpRequest settings_request(const std::string& authorization);

/// GET /durable: how far the stream is committed and durable here. With `after`, the server may wait up to
/// `wait` until the stream is durable beyond it.
net::HttpRequest position_request(const base::Uuid& stream, std::optional<base::StreamPosition> after,
                                  std::chrono::milliseconds wait, const std::string& authorization,
                                  bool ask_durable);

/// What our own headers say of a batch; absent for any other ILP server.
struct WriteHeaders {
  std::optional<base::GapAcceptance> gap;
  bool ask_durable = false;
};

net::HttpRequest write_request(const Batch& batch, const std::optional<WriteHeaders>& headers,
                               const std::string& authorization);

}  // namespace questclient::sender
