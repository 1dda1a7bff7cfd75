#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <questclient/error.hpp>
#include <questclient/slot.hpp>

#include "support/temporary_directory.hpp"

namespace questclient {
namespace {

const std::string kDigits = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";

std::filesystem::path written(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string refusal(const std::filesystem::path& path) {
  try {
    read_slot_key(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::slot_key);
    return error.what();
  }
  ADD_FAILURE() << "a key was read";
  return {};
}

TEST(KeyFile, HoldsBytesOrDigits) {
  const test::TemporaryDirectory folder;
  const std::string bytes(32, 'k');
  EXPECT_EQ(read_slot_key(written(folder.path() / "bytes", bytes)), bytes);
  const std::string key = read_slot_key(written(folder.path() / kDigits, kDigits + "\n"));
  EXPECT_EQ(key.substr(0, 8), "\x01\x23\x45\x67\x89\xab\xcd\xef");
  EXPECT_EQ(key.size(), 32U);
}

TEST(KeyFile, OneThatIsMissingOrHoldsNoKeyIsNamed) {
  const test::TemporaryDirectory folder;
  const auto path = folder.path() / "key";
  EXPECT_NE(refusal(path).find(path.string() + " cannot be read"), std::string::npos);
  written(path, "short");
  EXPECT_NE(refusal(path).find(path.string() + " holds no key"), std::string::npos);
}

TEST(KeyFile, AKeyInsteadOfItsNameIsNotRepeated) {
  const std::string message = refusal(kDigits);
  EXPECT_EQ(message.find("0123"), std::string::npos) << message;
  EXPECT_NE(message.find("is a key"), std::string::npos) << message;
}

}  // namespace
}  // namespace questclient
