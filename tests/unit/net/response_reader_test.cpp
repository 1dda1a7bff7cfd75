#include "net/response_reader.hpp"

#include <gtest/gtest.h>

namespace questclient::net {
namespace {

using State = ResponseReader::State;

constexpr std::size_t kLimit = 1000;

// Fed byte by byte: every place at which the network may cut an answer.
State feed_bytewise(ResponseReader& reader, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const State state = reader.feed(text.substr(i, 1));
    if (state != State::incomplete) {
      EXPECT_EQ(i + 1, text.size()) << "complete too early";
      return state;
    }
  }
  return State::incomplete;
}

TEST(ResponseReader, NoContentNeedsNoLength) {
  ResponseReader reader(kLimit);
  ASSERT_EQ(feed_bytewise(reader, "HTTP/1.1 204 OK\r\nX-Questclient-Acked: 7:0\r\n\r\n"), State::complete);
  EXPECT_TRUE(reader.keep_alive());
  const HttpResponse response = reader.take();
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.header("x-questclient-ACKED"), "7:0");
  EXPECT_EQ(response.header("absent"), "");
}

TEST(ResponseReader, ChunkedBodyMayEndWithTwoZeros) {
  for (const char* last : {"0\r\n\r\n", "00\r\n\r\n"}) {
    ResponseReader reader(kLimit);
    const std::string text =
        "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n"
        "Content-Type: application/json; charset=utf-8\r\n\r\n"
        "05\r\nhello\r\n1\r\n!\r\n" +
        std::string(last);
    ASSERT_EQ(feed_bytewise(reader, text), State::complete) << last << reader.error();
    EXPECT_TRUE(reader.keep_alive());
    EXPECT_EQ(reader.take().body, "hello!");
  }
}

TEST(ResponseReader, AnEmptyChunkedBodyIsTaken) {
  for (const char* last : {"0\r\n\r\n", "00\r\n\r\n"}) {
    ResponseReader reader(kLimit);
    const std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(last);
    ASSERT_EQ(feed_bytewise(reader, text), State::complete);
    EXPECT_EQ(reader.take().body, "");
  }
}

TEST(ResponseReader, BodyWithLengthInOnePiece) {
  ResponseReader reader(kLimit);
  ASSERT_EQ(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
            State::complete);
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_EQ(reader.take().body, "hello");
}

TEST(ResponseReader, BodyThatEndsWithTheConnection) {
  ResponseReader reader(kLimit);
  EXPECT_EQ(feed_bytewise(reader, "HTTP/1.1 200 OK\r\n\r\nhello"), State::incomplete);
  ASSERT_EQ(reader.end_of_stream(), State::complete);
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_EQ(reader.take().body, "hello");
}

TEST(ResponseReader, InterimAnswersAreSkipped) {
  ResponseReader reader(kLimit);
  ASSERT_EQ(reader.feed("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), State::complete);
  EXPECT_EQ(reader.take().status, 204);
}

TEST(ResponseReader, TooLongBodiesFail) {
  for (const std::string& head :
       {std::string("Content-Length: 1001\r\n\r\n"), "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x'),
        std::string("Transfer-Encoding: chunked\r\n\r\n3e9\r\n")}) {
    ResponseReader reader(kLimit);
    ASSERT_EQ(reader.feed("HTTP/1.1 200 OK\r\n" + head), State::failed) << head;
    EXPECT_EQ(reader.error_kind(), NetError::Kind::too_large);
    EXPECT_EQ(reader.error(), "the answer is longer than 1000 bytes");
  }
  ResponseReader reader(kLimit);
  ASSERT_EQ(reader.feed("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')), State::failed);
  EXPECT_EQ(reader.error_kind(), NetError::Kind::too_large);
}

/// Feeds until the reader has had enough; how much that was.
std::size_t feed_for_ever(ResponseReader& reader, const std::string& head, const std::string& piece) {
  constexpr std::size_t kFarTooMuch = 16 << 20;
  std::size_t bytes = 0;
  for (State state = reader.feed(head); state == State::incomplete && bytes < kFarTooMuch;) {
    state = reader.feed(piece);
    bytes += piece.size();
  }
  return bytes;
}

TEST(ResponseReader, WhatStandsBesideTheBodyIsBounded) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string trailer = "A: " + std::string(1000, 'a') + "\r\n";
  struct Case {
    std::string head, piece;
  };
  for (const auto& [head, piece] :
       {Case{chunked + "5;", std::string(1000, 'a')},
        Case{chunked, "1;" + std::string(1000, 'a') + "\r\nx\r\n"},
        Case{chunked + "5\r\nhello\r\n0\r\n", trailer}, Case{chunked + "0;", std::string(1000, 'a')},
        Case{"HTTP/1.1 200 OK\r\n", trailer}}) {
    ResponseReader reader(kLimit);
    EXPECT_LT(feed_for_ever(reader, head, piece), std::size_t{100'000}) << head;
    EXPECT_EQ(reader.error_kind(), NetError::Kind::too_large) << reader.error();
    EXPECT_NE(reader.error().find("longer than 65536 bytes"), std::string::npos) << reader.error();
  }
}

TEST(ResponseReader, ExtensionsAndTrailersAreSkipped) {
  ResponseReader reader(kLimit);
  ASSERT_EQ(feed_bytewise(reader,
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n"
                          "0;c\r\nX: y\r\n\r\n"),
            State::complete)
      << reader.error();
  EXPECT_EQ(reader.take().body, "hello");
}

TEST(ResponseReader, BytesBehindAnAnswerEndTheConnectionAndNotTheAnswer) {
  const std::pair<std::string, std::string> cases[] = {
      {"HTTP/1.1 204 OK\r\n\r\n\r\n", ""},
      {"HTTP/1.1 204 OK\r\nContent-Length: 2\r\n\r\nOK", ""},
      {"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nlonger", "lon"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
       "OK"}};
  for (const auto& [text, body] : cases) {
    ResponseReader reader(kLimit);
    ASSERT_EQ(reader.feed(text), State::complete) << text << reader.error();
    EXPECT_FALSE(reader.keep_alive()) << text;
    EXPECT_EQ(reader.take().body, body);
  }
}

TEST(ResponseReader, WhatIsNotHttpFails) {
  for (const char* text : {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nmore"}) {
    ResponseReader reader(kLimit);
    EXPECT_EQ(reader.feed(text), State::failed) << text;
    EXPECT_EQ(reader.error_kind(), NetError::Kind::malformed) << text;
  }
}

TEST(ResponseReader, AnAlertOfTlsIsNamed) {
  ResponseReader reader(kLimit);
  ASSERT_EQ(reader.feed(std::string("\x15\x03\x03\x00\x02\x02\x16", 7)), State::failed);
  EXPECT_NE(reader.error().find("use https::"), std::string::npos) << reader.error();
}

TEST(ResponseReader, AConnectionThatEndsTooEarlyIsAReset) {
  for (const char* text : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    ResponseReader reader(kLimit);
    EXPECT_EQ(reader.feed(text), State::incomplete) << text;
    EXPECT_EQ(reader.end_of_stream(), State::failed) << text;
    EXPECT_EQ(reader.error_kind(), NetError::Kind::reset) << text;
  }
}

}  // namespace
}  // namespace questclient::net
