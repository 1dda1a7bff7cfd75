#include "base/aes_gcm.hpp"

#include <limits>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace questclient::base {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

void check(bool succeeded, const char* what) {
  if (!succeeded) throw std::runtime_error(std::string("AES-256-GCM: ") + what + " failed");
}

// Found once: looking an algorithm up costs more than encrypting a small frame.
const EVP_CIPHER* algorithm() {
  static const EVP_CIPHER* const found = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  check(found != nullptr, "finding the algorithm");
  return found;
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

int length_of(std::string_view text) {
  check(text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()), "a text above 2 GiB");
  return static_cast<int>(text.size());
}

Context started(std::string_view key, std::string_view nonce, std::string_view associated, bool sealing) {
  check(key.size() == kAesKeyBytes && nonce.size() == kAesNonceBytes, "a key or nonce of that size");
  Context context(EVP_CIPHER_CTX_new());
  check(context != nullptr, "its context");
  check(
      EVP_CipherInit_ex2(context.get(), algorithm(), bytes(key), bytes(nonce), sealing ? 1 : 0, nullptr) == 1,
      "its start");
  int length = 0;
  check(associated.empty() ||
            EVP_CipherUpdate(context.get(), nullptr, &length, bytes(associated), length_of(associated)) == 1,
        "the associated data");
  return context;
}

}  // namespace

std::string aes_gcm_seal(std::string_view key, std::string_view nonce, std::string_view associated,
                         std::string_view plain) {
  const Context context = started(key, nonce, associated, true);
  std::string sealed(plain.size() + kAesTagBytes, '\0');
  int length = 0;
  check(plain.empty() ||
            EVP_CipherUpdate(context.get(), bytes(sealed), &length, bytes(plain), length_of(plain)) == 1,
        "encrypting");
  unsigned char* const tag = bytes(sealed) + plain.size();
  check(EVP_CipherFinal_ex(context.get(), tag, &length) == 1, "its end");
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAesTagBytes, tag) == 1, "its tag");
  return sealed;
}

std::optional<std::string> aes_gcm_open(std::string_view key, std::string_view nonce,
                                        std::string_view associated, std::string_view sealed) {
  if (sealed.size() < kAesTagBytes) return std::nullopt;
  const Context context = started(key, nonce, associated, false);
  const std::string_view hidden = sealed.substr(0, sealed.size() - kAesTagBytes);
  std::string tag(sealed.substr(hidden.size()));
  std::string plain(hidden.size(), '\0');
  int length = 0;
  check(hidden.empty() ||
            EVP_CipherUpdate(context.get(), bytes(plain), &length, bytes(hidden), length_of(hidden)) == 1,
        "decrypting");
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAesTagBytes, bytes(tag)) == 1, "its tag");
  unsigned char end[kAesTagBytes];
  if (EVP_CipherFinal_ex(context.get(), end, &length) != 1) return std::nullopt;
  return plain;
}

std::string secure_random_bytes(std::size_t count) {
  std::string random(count, '\0');
  check(RAND_bytes(bytes(random), static_cast<int>(count)) == 1, "random bytes");
  return random;
}

}  // namespace questclient::base
