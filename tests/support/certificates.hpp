// Certificates for tests, made on the spot: a private authority and what it issues.
#pragma once

#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace questclient::test {

struct CertificateRequest {
  std::string common_name = "questclient test server";
  std::vector<std::string> names{"DNS:localhost", "IP:127.0.0.1", "IP:::1"};  ///< "DNS:..." or "IP:...".
  long valid_from_seconds = -3600;                                            ///< From now.
  long valid_until_seconds = 3600;
};

struct Certificate {
  std::string pem;
  std::string key_pem;
};

/// An authority with a key of its own; two of the same name are two different ones.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name = "questclient test CA")
      : key_(make_key()), certificate_(start({name, {}, -86400, 86400}, key_.get())) {
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
    add_extension(NID_basic_constraints, "critical,CA:TRUE");
    check(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0);
  }

  std::string pem() const { return text_of(certificate_.get()); }

  Certificate issue(const CertificateRequest& request = {}) const {
    const Key key = make_key();
    const X509Owner made = start(request, key.get());
    X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
    std::string names;
    for (const std::string& name : request.names) names += (names.empty() ? "" : ",") + name;
    if (!names.empty()) add_extension_to(made.get(), NID_subject_alt_name, names);
    check(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
    return {text_of(made.get()), text_of(key.get())};
  }

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  struct FreeX509 {
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
  using X509Owner = std::unique_ptr<X509, FreeX509>;

  static void check(bool ok) {
    if (!ok) throw std::runtime_error("OpenSSL cannot make a test certificate");
  }

  static Key make_key() {
    Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    check(key != nullptr);
    return key;
  }

  /// Everything but issuer, extensions and signature.
  static X509Owner start(const CertificateRequest& request, EVP_PKEY* key) {
    static long serial = 1;
    X509Owner made(X509_new());
    check(made != nullptr && X509_set_version(made.get(), 2) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), request.valid_from_seconds);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), request.valid_until_seconds);
    X509_set_pubkey(made.get(), key);
    const auto* name = reinterpret_cast<const unsigned char*>(request.common_name.c_str());
    check(X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8, name, -1, -1,
                                     0) == 1);
    return made;
  }

  void add_extension(int nid, const std::string& value) { add_extension_to(certificate_.get(), nid, value); }
  static void add_extension_to(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }

  template <class Write>
  static std::string written(Write write) {
    BIO* out = BIO_new(BIO_s_mem());
    check(out != nullptr && write(out) == 1);
    std::string text(BIO_ctrl_pending(out), '\0');
    BIO_read(out, text.data(), static_cast<int>(text.size()));
    BIO_free(out);
    return text;
  }
  static std::string text_of(X509* certificate) {
    return written([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
  }
  static std::string text_of(EVP_PKEY* key) {
    return written(
        [&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
  }

  Key key_;
  X509Owner certificate_;
};

struct TlsFiles {
  std::filesystem::path ca;      ///< For tls_roots.
  std::filesystem::path server;  ///< The certificate, for localhost, 127.0.0.1 and ::1.
  std::filesystem::path key;
};

inline std::filesystem::path write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

/// ca.pem, server.pem and key.pem, for programs that a test starts.
inline TlsFiles write_tls_files(const std::filesystem::path& folder) {
  const CertificateAuthority authority;
  const Certificate server = authority.issue();
  return {write_file(folder / "ca.pem", authority.pem()), write_file(folder / "server.pem", server.pem),
          write_file(folder / "key.pem", server.key_pem)};
}

}  // namespace questclient::test
