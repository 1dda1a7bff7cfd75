#include "support.hpp"

namespace questclient {
namespace {

using testing::code_of;

template <class Call>
bool is_refused(Call&& call) {
  return code_of(call) == ErrorCode::invalid_value;
}

TEST(TextValues, ByteForByte) {
  LineBuffer buffer = testing::buffer_of(ProtocolVersion::v1);
  const ColumnName name("l");
  buffer.table("t").column("u", Uuid::parse("123E4567-e89b-12d3-a456-426614174000"));
  buffer.column("i", Ipv4(0x7f000001)).column("g", Geohash("u33DC")).column("c", Char(u'x'));
  buffer.column(name, Long256({0xdeadbeef, 1, 0, 0})).at_now();
  EXPECT_EQ(buffer.payload(),
            "t u=\"123e4567-e89b-12d3-a456-426614174000\",i=\"127.0.0.1\",g=\"u33dc\",c=\"x\","
            "l=0x100000000deadbeefi\n");
}

TEST(TextValues, Long256) {
  EXPECT_EQ(Long256({0, 0, 0, 0}).encoded(), "0x0i");
  EXPECT_EQ(Long256({0, 0, 0, 1}).encoded(), "0x1" + std::string(48, '0') + "i");
  EXPECT_EQ(Long256::parse("0x" + std::string(64, 'F')).encoded(), "0x" + std::string(64, 'f') + "i");
  EXPECT_EQ(Long256::parse("00aBc").encoded(), "0xabci");
  for (const std::string& text : {std::string(), std::string("0x"), std::string("0xg"), std::string(65, '1'),
                                  std::string("12i"), std::string("-1")}) {
    EXPECT_TRUE(is_refused([&] { Long256::parse(text); })) << text;
  }
  const std::string null_word = "8000000000000000";
  EXPECT_TRUE(is_refused([&] { Long256::parse(null_word + null_word + null_word + null_word); }));
  EXPECT_FALSE(is_refused([&] { Long256::parse(null_word + null_word + null_word); }));
}

TEST(TextValues, Uuid) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(0x11 * i);
  EXPECT_EQ(Uuid(bytes).text(), "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(Uuid::parse("00112233-4455-6677-8899-AABBCCDDEEFF").text(), Uuid(bytes).text());
  for (const char* text : {"", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeef",
                           "00112233-4455-6677-8899-aabbccddeefff", "00112233-4455-6677-8899_aabbccddeeff",
                           "g0112233-4455-6677-8899-aabbccddeeff", "0011223--4455-6677-8899-aabbccddeeff",
                           "80000000-0000-0000-8000-000000000000"}) {
    EXPECT_TRUE(is_refused([&] { Uuid::parse(text); })) << text;
  }
}

TEST(TextValues, Ipv4) {
  EXPECT_EQ(Ipv4(0xffffffff).text(), "255.255.255.255");
  EXPECT_EQ(Ipv4(1).text(), "0.0.0.1");
  EXPECT_EQ(Ipv4::parse("192.168.010.1").text(), "192.168.10.1");
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.4 ", " 1.2.3.4",
                           "1..3.4", "1.2.3.0004", "a.b.c.d", "1.2.3.", "0.0.0.0", "+1.2.3.4"}) {
    EXPECT_TRUE(is_refused([&] { Ipv4::parse(text); })) << text;
  }
}

TEST(TextValues, Geohash) {
  EXPECT_EQ(Geohash(0x1f, 1).text(), "z");
  EXPECT_EQ(Geohash(0, 2).text(), "00");
  EXPECT_EQ(Geohash("u33d").text(), Geohash(0b11010'00011'00011'01100, 4).text());
  EXPECT_EQ(Geohash("0123456789bc").text(), "0123456789bc");
  for (const char* text : {"", "a", "i", "l", "o", "u33 d", "0123456789bcd", "\xc3\xa4"}) {
    EXPECT_TRUE(is_refused([&] { Geohash{text}; })) << text;
  }
  EXPECT_TRUE(is_refused([] { Geohash(0, 0); }));
  EXPECT_TRUE(is_refused([] { Geohash(0, 13); }));
}

TEST(TextValues, CharsAreAscii) {
  EXPECT_EQ(Char(u'x').text(), "x");
  EXPECT_EQ(Char(u'\u007f').text(), "\x7f");
  for (const char16_t unit : {u'\0', u'\u0080', u'\u00e9', u'\uffff', char16_t{0xd800}, char16_t{0xdfff}}) {
    EXPECT_TRUE(is_refused([&] { Char{unit}; })) << static_cast<int>(unit);
  }
  EXPECT_EQ(
      testing::message_of([] { Char(u'\u00e9'); }),
      "The character U+00e9 is not ASCII, and over ILP the server takes only ASCII for a CHAR column; send "
      "it as text to a VARCHAR column.");
  LineBuffer buffer;
  buffer.table("t").column("q", Char(u'"')).at_now();
  EXPECT_EQ(buffer.payload(), "t q=\"\\\"\"\n");
}

}  // namespace
}  // namespace questclient
