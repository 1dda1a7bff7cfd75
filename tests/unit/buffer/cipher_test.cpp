// What is sealed opens only with its key, its bytes and what it belongs to.
#include "buffer/cipher.hpp"

#include <set>

#include <gtest/gtest.h>

#include "base/aes_gcm.hpp"
#include "base/sha256.hpp"

namespace questclient::buffer {
namespace {

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(text.substr(at, 2)), nullptr, 16)));
  return bytes;
}

// Test cases 15 and 16 of the GCM specification (McGrew, Viega).
TEST(Cipher, KnownAnswersOfAes256Gcm) {
  const std::string key = from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const std::string nonce = from_hex("cafebabefacedbaddecaf888");
  const std::string plain = from_hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
      "b16aedf5aa0de657ba637b391aafd255");
  const std::string hidden =
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
      "c5f61e6393ba7a0abcc9f662898015ad";
  EXPECT_EQ(base::hex(base::aes_gcm_seal(key, nonce, "", plain)),
            hidden + "b094dac5d93471bdec1a502270e3cc6c");
  const std::string associated = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const std::string shorter = plain.substr(0, 60);
  const std::string sealed = base::aes_gcm_seal(key, nonce, associated, shorter);
  EXPECT_EQ(base::hex(sealed), hidden.substr(0, 120) + "76fc6ece0f4e1768cddf8853bb2d551b");
  EXPECT_EQ(base::aes_gcm_open(key, nonce, associated, sealed), shorter);
  EXPECT_EQ(base::aes_gcm_open(key, nonce, "", sealed), std::nullopt);
}

TEST(Cipher, SealedTextOpensWithItsKeyAndWhatItBelongsTo) {
  const std::string key(32, 'k');
  for (const std::size_t size : {0, 1, 15, 16, 17, 100'000}) {
    const std::string plain(size, 'p');
    const std::string sealed = seal(key, "frame 7", plain);
    EXPECT_EQ(sealed.size(), size + kSealBytes);
    EXPECT_EQ(open_sealed(key, "frame 7", sealed), plain);
    EXPECT_EQ(open_sealed(key, "frame 8", sealed), std::nullopt);
    EXPECT_EQ(open_sealed(std::string(32, 'o'), "frame 7", sealed), std::nullopt);
  }
}

TEST(Cipher, EveryChangedByteAndEveryShorterTextIsNoticed) {
  const std::string key(32, 'k');
  const std::string sealed = seal(key, "a", "some text");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_EQ(open_sealed(key, "a", changed), std::nullopt) << at;
    EXPECT_EQ(open_sealed(key, "a", sealed.substr(0, at)), std::nullopt) << at;
  }
}

TEST(Cipher, TheSameTextIsNeverSealedAlike) {
  std::set<std::string> random;
  for (int n = 0; n < 1000; ++n) random.insert(seal(std::string(32, 'k'), "", "x").substr(0, 24));
  EXPECT_EQ(random.size(), 1000U);
}

TEST(Cipher, KeyOfAnotherSizeIsRefused) {
  EXPECT_THROW(base::aes_gcm_seal("short", std::string(12, 'n'), "", ""), std::runtime_error);
}

}  // namespace
}  // namespace questclient::buffer
