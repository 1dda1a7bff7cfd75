#include "node/line_login.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "line_keys.hpp"

namespace questnode::node {
namespace {

using State = LineLogin::State;
using base::SignatureForm;

class LineLoginTest : public ::testing::Test {
 protected:
  /// All of it, in pieces of `piece` bytes.
  std::string take(const std::string& bytes, std::size_t piece = 1000) {
    std::string reply;
    for (std::size_t begin = 0; begin < bytes.size(); begin += piece) {
      std::string_view part = std::string_view(bytes).substr(begin, piece);
      while (!part.empty() && login_.state() != State::accepted && login_.state() != State::refused)
        reply += login_.take(part);
      rest_ += part;
    }
    return reply;
  }

  const LineKeys keys_ = LineKeys::parse(test::kAuthFile);
  base::SeededRandom random_{7};
  LineLogin login_{keys_, random_};
  std::string rest_;  ///< What came behind the login.
};

TEST_F(LineLoginTest, TheChallengeIs512PrintableBytes) {
  const std::string challenge = take("admin\n");
  ASSERT_EQ(challenge.size(), 513U);
  EXPECT_EQ(challenge.back(), '\n');
  EXPECT_TRUE(
      std::all_of(challenge.begin(), challenge.end() - 1, [](char c) { return c >= ' ' && c <= '~'; }));
  LineLogin other{keys_, random_};
  std::string_view bytes = "admin\n";
  EXPECT_NE(other.take(bytes), challenge);
}

TEST_F(LineLoginTest, WhoMayOnlyReadIsRefusedAfterAGoodSignature) {
  std::string file = test::kAuthFile;
  const std::string comment = "  # the administrator";
  file.replace(file.find(comment), comment.size(), " readonly" + comment);
  const LineKeys readers = LineKeys::parse(file);
  LineLogin login{readers, random_};
  std::string_view id = "admin\n";
  std::string challenge = login.take(id);
  challenge.pop_back();
  const std::string line = test::signed_line(challenge, SignatureForm::der);
  std::string_view bytes = line;
  EXPECT_EQ(login.take(bytes), "");
  EXPECT_EQ(login.state(), State::refused);
  for (const std::string wrong : {" readonl", " readonly readonly"}) {
    file = test::kAuthFile;
    file.replace(file.find(comment), comment.size(), wrong);
    EXPECT_THROW(LineKeys::parse(file), std::runtime_error) << wrong;
  }
}

TEST_F(LineLoginTest, BothFormsOfASignatureAreTaken) {
  for (const SignatureForm form : {SignatureForm::der, SignatureForm::p1363}) {
    LineLogin login{keys_, random_};
    std::string_view id = "admin\n";
    std::string challenge = login.take(id);
    challenge.pop_back();
    const std::string line = test::signed_line(challenge, form);
    std::string_view bytes = line;
    EXPECT_EQ(login.take(bytes), "");
    EXPECT_EQ(login.state(), State::accepted);
  }
}

TEST_F(LineLoginTest, BytesComeInAnyPiecesAndRowsBehindThemAreLeft) {
  std::string challenge = take("admin\n", 1);
  challenge.pop_back();
  take(test::signed_line(challenge, SignatureForm::der) + "t f=1i\n", 3);
  EXPECT_EQ(login_.state(), State::accepted);
  EXPECT_EQ(rest_, "t f=1i\n");
}

TEST_F(LineLoginTest, ASignatureOfSomethingElseIsRefused) {
  take("admin\n");
  take(test::signed_line("another challenge", SignatureForm::der));
  EXPECT_EQ(login_.state(), State::refused);
}

TEST_F(LineLoginTest, WhatIsNoSignatureIsRefused) {
  take("admin\n");
  take("this is no base64!\n");
  EXPECT_EQ(login_.state(), State::refused);
}

TEST_F(LineLoginTest, AnUnknownKeyIdGetsAChallengeAndIsRefusedThen) {
  std::string challenge = take("nobody\n");
  ASSERT_EQ(challenge.size(), 513U);
  challenge.pop_back();
  EXPECT_EQ(login_.state(), State::signature);
  take(test::signed_line(challenge, SignatureForm::der));
  EXPECT_EQ(login_.state(), State::refused);
}

TEST_F(LineLoginTest, AnEndlessLineIsRefused) {
  take(std::string(100'000, 'x'));
  EXPECT_EQ(login_.state(), State::refused);
}

TEST(LineKeys, BadLinesAreNamed) {
  const auto error = [](const std::string& text) {
    try {
      LineKeys::parse(text);
    } catch (const std::runtime_error& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  EXPECT_NE(error("a ec-p-256-sha256 x y\nb ec-p-256-sha256 x\n").find("line 2"), std::string::npos);
  EXPECT_NE(error("a rsa x y\n").find("line 1"), std::string::npos);
  EXPECT_NE(error("a ec-p-256-sha256 x y z\n").find("line 1"), std::string::npos);
  EXPECT_NE(error("a ec-p-256-sha256 x y\na ec-p-256-sha256 x y\n").find("stands twice"), std::string::npos);
  EXPECT_EQ(error("\n# nothing\n"), "");
}

}  // namespace
}  // namespace questnode::node
