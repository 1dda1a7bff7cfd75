// Why TLS failed, in words that say what to do.
#pragma once

#include <string>

struct x509_st;

namespace questclient::net {

/// `error`: X509_V_ERR_...; `certificate`: the one that it is about, may be null; `host`: what was asked for.
std::string describe_certificate_error(int error, x509_st* certificate, const std::string& host);
/// The first entry of OpenSSL's error queue, which is empty afterwards.
std::string describe_tls_error();

}  // namespace questclient::net
