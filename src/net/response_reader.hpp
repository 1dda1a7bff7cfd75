// Reads one HTTP/1.1 answer from pieces of a byte stream. Pure: no socket, no time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/http_client.hpp"

namespace questclient::net {

/// Takes chunked bodies, bodies with a length and bodies that end with the connection; interim answers (1xx)
/// are skipped.
class ResponseReader {
 public:
  enum class State { incomplete, complete, failed };

  /// A body longer than `max_body_bytes` fails with NetError::Kind::too_large.
  explicit ResponseReader(std::size_t max_body_bytes);
  ~ResponseReader();

  State feed(std::string_view bytes);
  /// The other side closed.
  State end_of_stream();

  /// REQUIRES: complete. Once.
  HttpResponse take();
  /// REQUIRES: complete. The connection may carry another request: not when bytes follow the answer, as those
  /// of a body that a 204 may not have. They say nothing about the answer, which counts.
  bool keep_alive() const;
  /// REQUIRES: failed.
  NetError::Kind error_kind() const;
  const std::string& error() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questclient::net
