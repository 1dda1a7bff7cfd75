#include "base/es256.hpp"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "support/temporary_directory.hpp"

namespace questclient::base {
namespace {

// RFC 7515, appendix A.3: a key, a message and its signature.
constexpr const char* kSecret = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
constexpr const char* kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr const char* kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr const char* kMessage =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
    "Ijp0cnVlfQ";
constexpr const char* kSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

TEST(Es256, VerifiesThePublishedVector) {
  EXPECT_TRUE(es256_verify(kX, kY, kMessage, base64_decode(kSignature)));
  EXPECT_FALSE(es256_verify(kX, kY, std::string(kMessage) + "x", base64_decode(kSignature)));
  std::string changed = base64_decode(kSignature);
  changed[5] = static_cast<char>(changed[5] ^ 1);
  EXPECT_FALSE(es256_verify(kX, kY, kMessage, changed));
}

TEST(Es256, SignsInBothForms) {
  // A signature is random: often enough for numbers with leading zeros and DER of every length.
  for (int i = 0; i < 50; ++i) {
    const std::string message = "message " + std::to_string(i);
    const std::string der = es256_sign(kSecret, kX, kY, message, SignatureForm::der);
    const std::string raw = es256_sign(kSecret, "", "", message, SignatureForm::p1363);
    EXPECT_EQ(der.front(), '\x30');
    EXPECT_EQ(raw.size(), 64U);
    EXPECT_TRUE(es256_verify(kX, kY, message, der));
    EXPECT_TRUE(es256_verify(kX, kY, message, raw));
    EXPECT_FALSE(es256_verify(kX, kY, "another", der));
  }
}

TEST(Es256, WhatIsNoSignatureIsFalse) {
  for (const std::string& signature : {std::string(), std::string("x"), std::string(64, '\0'),
                                       std::string(64, '\xff'), std::string("\x30\x02")}) {
    EXPECT_FALSE(es256_verify(kX, kY, kMessage, signature));
  }
}

std::string refusal(const std::string& secret, const std::string& x, const std::string& y) {
  try {
    es256_sign(secret, x, y, "m", SignatureForm::der);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

TEST(Es256, WrongKeysAreRefusedWithoutShowingThem) {
  EXPECT_EQ(refusal("!!", "", ""), "ES256: the private key is not base64url");
  EXPECT_EQ(refusal("", "", ""), "ES256: the private key has 0 bytes; 32 are expected");
  EXPECT_EQ(refusal(base64_encode(std::string(33, 'x')), "", ""),
            "ES256: the private key has 33 bytes; 32 are expected");
  EXPECT_EQ(refusal(base64_encode(std::string(32, '\xff')), "", ""),
            "ES256: the private key is not one of P-256");
  EXPECT_EQ(refusal(base64_encode(std::string(32, '\0')), "", ""),
            "ES256: the private key is not one of P-256");
  EXPECT_EQ(refusal(kSecret, kY, ""), "ES256: the public key's x does not belong to the private key");
  EXPECT_EQ(refusal(kSecret, kX, kX), "ES256: the public key's y does not belong to the private key");
  EXPECT_THROW(es256_verify(kX, kX, "m", "s"), std::invalid_argument);
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string run(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen");
  std::string out;
  char piece[4096];
  while (const std::size_t count = std::fread(piece, 1, sizeof piece, pipe)) out.append(piece, count);
  ::pclose(pipe);
  return out;
}

TEST(Es256, TheCommandLineOfOpensslTakesOurSignatureAndWeTakeIts) {
  const test::TemporaryDirectory folder;
  const std::string at = folder.path().string() + "/";
  // RFC 5915's ECPrivateKey, around d, then the public point: the key of RFC 7515.
  const std::string secret_key = std::string("\x30\x77\x02\x01\x01\x04\x20", 7) + base64_decode(kSecret) +
                                 std::string("\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 12) +
                                 std::string("\xa1\x44\x03\x42\x00\x04", 6) + base64_decode(kX) +
                                 base64_decode(kY);
  write(at + "key.der", secret_key);
  write(at + "message", kMessage);
  write(at + "ours", es256_sign(kSecret, kX, kY, kMessage, SignatureForm::der));
  run("openssl ec -inform DER -in " + at + "key.der -out " + at + "key.pem 2>/dev/null");
  run("openssl ec -in " + at + "key.pem -pubout -out " + at + "public.pem 2>/dev/null");
  EXPECT_EQ(
      run("openssl dgst -sha256 -verify " + at + "public.pem -signature " + at + "ours " + at + "message"),
      "Verified OK\n");
  run("openssl dgst -sha256 -sign " + at + "key.pem -out " + at + "theirs " + at + "message");
  std::stringstream theirs;
  theirs << std::ifstream(at + "theirs", std::ios::binary).rdbuf();
  EXPECT_TRUE(es256_verify(kX, kY, kMessage, theirs.str()));
}

TEST(Base64, BothAlphabetsPaddedOrNot) {
  // RFC 4648, section 10.
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(base64_encode(plain), text);
    EXPECT_EQ(base64_decode(text), plain);
    std::string bare = text;
    while (!bare.empty() && bare.back() == '=') bare.pop_back();
    EXPECT_EQ(base64_decode(bare), plain);
  }
  EXPECT_EQ(base64_decode("-_-_"), base64_decode("+/+/"));
}

TEST(Base64, WhatIsNotBase64IsRefused) {
  for (const char* text : {"A", "AAAAA", "A=AA", "Zg=", "Zg===", "Zh==", "Zm9v\n", "Zm 9v", "====", "*AAA"}) {
    EXPECT_THROW(base64_decode(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace questclient::base
