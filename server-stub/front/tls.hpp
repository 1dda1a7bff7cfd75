// The server's side of TLS: certificate, key, versions, session resumption.
#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace questnode::front {

/// TLS 1.2 and 1.3. Throws std::runtime_error that names the file that cannot be used, and why.
std::shared_ptr<ssl_ctx_st> make_tls_context(const std::string& certificate, const std::string& private_key);

}  // namespace questnode::front
