#include "net/tls_errors.hpp"

#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <memory>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace questclient::net {

namespace {

std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (out == nullptr || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE) < 0) return "?";
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : "a nameless one";
}

std::string text_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return {text.data(), size};
}

std::string text_of(const GENERAL_NAME& name) {
  if (name.type == GEN_DNS) {
    const ASN1_IA5STRING* dns = name.d.dNSName;
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(dns)),
            static_cast<std::size_t>(ASN1_STRING_length(dns))};
  }
  if (name.type == GEN_IPADD) {
    const ASN1_OCTET_STRING* address = name.d.iPAddress;
    const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && ASN1_STRING_length(address) != 16) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size());
    return text.data();
  }
  return {};
}

/// The names that a certificate holds: "a.example, b.example".
std::string names_of(X509* certificate) {
  std::string out;
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> owner(names, GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const std::string name = text_of(*sk_GENERAL_NAME_value(names, i));
    if (!name.empty()) out += (out.empty() ? "" : ", ") + name;
  }
  return out.empty() ? text_of(X509_get_subject_name(certificate)) : out;
}

}  // namespace

std::string describe_certificate_error(int error, x509_st* certificate, const std::string& host) {
  const std::string reason = X509_verify_cert_error_string(error);
  if (certificate == nullptr) return "the server's certificate is refused: " + reason + ".";
  const std::string names = names_of(certificate);
  const std::string issuer = text_of(X509_get_issuer_name(certificate));
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the certificate of " + names + " expired on " + text_of(X509_get0_notAfter(certificate)) +
             ". Renew it, or set this machine's clock.";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the certificate of " + names + " is not valid before " +
             text_of(X509_get0_notBefore(certificate)) + ". Set this machine's clock.";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the server's certificate is for " + names + ", not for " + host +
             ". Use a name that it holds in addr, or issue it for this one.";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the server's certificate was issued by " + issuer +
             ", which is not a trusted root. If you trust it, name its PEM file in tls_roots.";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "the server's certificate names the issuer " + issuer +
             " but another key signed it. Check that tls_roots is the file of the authority that issued it.";
    default:
      return "the certificate of " + names + " is refused: " + reason + ".";
  }
}

std::string describe_tls_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
    switch (ERR_GET_REASON(code)) {
      case SSL_R_WRONG_VERSION_NUMBER:
      case SSL_R_PACKET_LENGTH_TOO_LONG:
        return "what answers there does not speak TLS. Check the port, or use http:: or tcp:: for a server "
               "without TLS.";
      case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      case SSL_R_UNSUPPORTED_PROTOCOL:
        return "the server offers neither TLS 1.2 nor 1.3. Enable one of them there.";
      case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "the server demands a client certificate, which this client does not send. Let it ask for a "
               "password or a token instead.";
      case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return "the server found no common cipher, or it demands a client certificate. See its log.";
      default:
        break;
    }
  }
  const char* reason = ERR_reason_error_string(code);
  return std::string("TLS failed: ") + (reason != nullptr ? reason : "for no reason given") + ".";
}

}  // namespace questclient::net
