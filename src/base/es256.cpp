#include "base/es256.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace questclient::base {

namespace {

constexpr std::size_t kCoordinateBytes = 32;

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Number = std::unique_ptr<BIGNUM, Free<BN_clear_free>>;
using Group = std::unique_ptr<EC_GROUP, Free<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Free<EC_POINT_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;

[[noreturn]] void fail(const std::string& what) {
  throw std::invalid_argument("ES256: " + what);
}

void require(bool ok, const char* step) {
  if (!ok) throw std::runtime_error(std::string("ES256: OpenSSL failed: ") + step);
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_of(std::string_view text, const char* name) {
  std::string raw;
  try {
    raw = base64_decode(text);
  } catch (const std::invalid_argument&) {
    fail(std::string(name) + " is not base64url");
  }
  if (raw.empty() || raw.size() > kCoordinateBytes) {
    fail(std::string(name) + " has " + std::to_string(raw.size()) + " bytes; 32 are expected");
  }
  Number number(BN_bin2bn(bytes_of(raw), static_cast<int>(raw.size()), nullptr));
  OPENSSL_cleanse(raw.data(), raw.size());
  require(number != nullptr, "a number");
  return number;
}

Group p256() {
  Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  require(group != nullptr, "the curve P-256");
  return group;
}

/// 04 x y.
std::array<unsigned char, 1 + 2 * kCoordinateBytes> uncompressed(const BIGNUM* x, const BIGNUM* y) {
  std::array<unsigned char, 1 + 2 * kCoordinateBytes> out{};
  out[0] = POINT_CONVERSION_UNCOMPRESSED;
  require(BN_bn2binpad(x, out.data() + 1, kCoordinateBytes) > 0 &&
              BN_bn2binpad(y, out.data() + 1 + kCoordinateBytes, kCoordinateBytes) > 0,
          "a coordinate");
  return out;
}

/// `secret` null: a public key only. Null: OpenSSL does not take them for a key.
Key make_key(const BIGNUM* x, const BIGNUM* y, const BIGNUM* secret) {
  const auto point = uncompressed(x, y);
  const Builder builder(OSSL_PARAM_BLD_new());
  require(builder != nullptr &&
              OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
              OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                               point.size()) &&
              (secret == nullptr || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret)),
          "a key's parameters");
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  require(parameters != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) > 0,
          "a key's context");
  EVP_PKEY* key = nullptr;
  const int selection = secret == nullptr ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
  if (EVP_PKEY_fromdata(context.get(), &key, selection, parameters.get()) <= 0) return nullptr;
  return Key(key);
}

Key signing_key(std::string_view private_key, std::string_view public_x, std::string_view public_y) {
  const Number secret = number_of(private_key, "the private key");
  const Group group = p256();
  if (BN_is_zero(secret.get()) || BN_cmp(secret.get(), EC_GROUP_get0_order(group.get())) >= 0) {
    fail("the private key is not one of P-256");
  }
  const Point point(EC_POINT_new(group.get()));
  const Number x(BN_new());
  const Number y(BN_new());
  require(point && x && y &&
              EC_POINT_mul(group.get(), point.get(), secret.get(), nullptr, nullptr, nullptr) &&
              EC_POINT_get_affine_coordinates(group.get(), point.get(), x.get(), y.get(), nullptr),
          "the public key");
  const auto check = [](std::string_view given, const BIGNUM* computed, const char* name) {
    if (!given.empty() && BN_cmp(number_of(given, name).get(), computed) != 0) {
      fail(std::string(name) + " does not belong to the private key");
    }
  };
  check(public_x, x.get(), "the public key's x");
  check(public_y, y.get(), "the public key's y");
  Key key = make_key(x.get(), y.get(), secret.get());
  require(key != nullptr, "the key");
  return key;
}

Key verifying_key(std::string_view public_x, std::string_view public_y) {
  const Number x = number_of(public_x, "the public key's x");
  const Number y = number_of(public_y, "the public key's y");
  Key key = make_key(x.get(), y.get(), nullptr);
  if (key == nullptr) fail("the public key is not a point of P-256");
  return key;
}

std::string der_to_p1363(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  require(signature != nullptr, "its own signature");
  std::string out(2 * kCoordinateBytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  require(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), to, kCoordinateBytes) > 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), to + kCoordinateBytes, kCoordinateBytes) > 0,
          "a signature's numbers");
  return out;
}

std::string p1363_to_der(std::string_view raw) {
  const Signature signature(ECDSA_SIG_new());
  Number r(BN_bin2bn(bytes_of(raw), kCoordinateBytes, nullptr));
  Number s(BN_bin2bn(bytes_of(raw) + kCoordinateBytes, kCoordinateBytes, nullptr));
  require(signature && r && s && ECDSA_SIG_set0(signature.get(), r.get(), s.get()), "a signature");
  static_cast<void>(r.release());  // the signature owns them now
  static_cast<void>(s.release());
  unsigned char* encoded = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &encoded);
  require(size > 0, "a signature's encoding");
  std::string der(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size));
  OPENSSL_free(encoded);
  return der;
}

bool verify_der(EVP_PKEY* key, std::string_view message, std::string_view der) {
  const Digest digest(EVP_MD_CTX_new());
  require(digest && EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) > 0, "verifying");
  return EVP_DigestVerify(digest.get(), bytes_of(der), der.size(), bytes_of(message), message.size()) == 1;
}

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<std::uint32_t> base64_digit(char c) {
  if (c == '-') c = '+';
  if (c == '_') c = '/';
  const std::size_t at = kAlphabet.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(at);
}

}  // namespace

std::string es256_sign(std::string_view private_key, std::string_view public_x, std::string_view public_y,
                       std::string_view message, SignatureForm form) {
  const Key key = signing_key(private_key, public_x, public_y);
  const Digest digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  require(digest && EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) > 0 &&
              EVP_DigestSign(digest.get(), nullptr, &size, bytes_of(message), message.size()) > 0,
          "signing");
  std::string der(size, '\0');
  require(EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(der.data()), &size, bytes_of(message),
                         message.size()) > 0,
          "signing");
  der.resize(size);
  return form == SignatureForm::der ? der : der_to_p1363(der);
}

bool es256_verify(std::string_view public_x, std::string_view public_y, std::string_view message,
                  std::string_view signature) {
  const Key key = verifying_key(public_x, public_y);
  if (verify_der(key.get(), message, signature)) return true;
  return signature.size() == 2 * kCoordinateBytes && verify_der(key.get(), message, p1363_to_der(signature));
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? std::uint32_t{static_cast<unsigned char>(bytes[at])} : 0U;
    };
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out += kAlphabet[group >> 18];
    out += kAlphabet[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[group & 63] : '=';
  }
  return out;
}

std::string base64_decode(std::string_view text) {
  const std::size_t padded = text.size();
  while (!text.empty() && text.back() == '=' && padded - text.size() < 2) text.remove_suffix(1);
  const bool wrong_padding = text.size() != padded && padded % 4 != 0;
  if (wrong_padding || text.size() % 4 == 1) throw std::invalid_argument("base64: the length is wrong");
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto digit = base64_digit(c);
    if (!digit) throw std::invalid_argument("base64: a character that does not belong to it");
    bits = bits << 6 | *digit;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xFF);
    }
  }
  // What is left over must be zero, else two texts would mean the same bytes.
  if ((bits & ((1U << held) - 1)) != 0)
    throw std::invalid_argument("base64: the last character has extra bits");
  return out;
}

}  // namespace questclient::base
