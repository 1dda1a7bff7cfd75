// What servers say, and the pieces that requests are made of.
#include <gtest/gtest.h>

#include "sender/batch.hpp"
#include "sender/capabilities.hpp"
#include "sender/rejection.hpp"
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

TEST(Settings, OurServerAnnouncesItself) {
  const auto found = parse_settings(kOwnDurable);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->accepts_writes);
  EXPECT_TRUE(found->has_tokens());
  EXPECT_TRUE(found->tells_durable());
}

TEST(Settings, QuestDbIsPlain) {
  const auto found = parse_settings(kPlain);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->accepts_writes);
  EXPECT_FALSE(found->has_tokens());
  EXPECT_EQ(found->line_version, 3);
}

TEST(Settings, AnEmptyObjectIsAnOldServer) {
  const auto found = parse_settings("{}");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->accepts_writes);
  EXPECT_EQ(found->line_version, 1);
}

TEST(Settings, AHostWithoutHttpAcceptsNoWrites) {
  EXPECT_FALSE(parse_settings(R"({"config":{"accepting.writes":[]}})")->accepts_writes);
  EXPECT_FALSE(parse_settings(R"({"config":{"accepting.writes":["tcp","pgwire"]}})")->accepts_writes);
  EXPECT_FALSE(parse_settings(R"({"config":{"accepting.writes":[1,null,{}]}})")->accepts_writes);
}

TEST(Settings, DurableAckWithoutTokensIsNothing) {
  EXPECT_FALSE(parse_settings(R"({"config":{"questclient.durable_ack":true}})")->tells_durable());
}

TEST(Settings, HostileTextIsNoSettings) {
  const std::string deep(100000, '[');
  const std::string nested = R"({"config":)" + std::string(50, '[') + std::string(50, ']') + "}";
  const std::string long_one = R"({"config":{"a":")" + std::string(300 * 1024, 'x') + "\"}}";
  for (const std::string& text : std::vector<std::string>{
           "", "null", "7", "[]", "{", "{\"config\":7}", "{\"config\":{\"accepting.writes\":\"http\"}}",
           R"({"config":{"questclient.delivery":"1"}})", R"({"config":{"questclient.delivery":-1}})",
           R"({"config":{"questclient.delivery":1.5}})", R"({"config":{"questclient.durable_ack":1}})",
           "\xff\xfe", deep, nested, long_one, "<html></html>"}) {
    EXPECT_FALSE(parse_settings(text)) << text.substr(0, 60);
  }
}

TEST(Rejection, NamesARowOfTheRequest) {
  const auto found = parse_rejection(R"({"code":"invalid","message":"bad","line":2,"errorId":"x"})", 3);
  EXPECT_EQ(found.row, 1U);
  EXPECT_EQ(found.message, "bad");
  EXPECT_TRUE(found.about_rows());
}

TEST(Rejection, BlamesTheServersMachineForSomeErrors) {
  for (const char* error : {"5", "12", "24", "27", "28", "30", "122"})
    EXPECT_TRUE(blames_the_system("write error: t, errno: " + std::string(error) + ", error: No space left"));
  for (const char* error : {"-1", "0", "36", "2", "280", "", "x"})
    EXPECT_FALSE(blames_the_system("write error: t, errno: " + std::string(error) + ", error: bad"));
  EXPECT_FALSE(blames_the_system("write error: t, error: java.lang.UnsupportedOperationException"));
  EXPECT_FALSE(blames_the_system("write error: t, errno: -1, error: no column errno: 28"));
  EXPECT_FALSE(blames_the_system(""));
}

TEST(Rejection, ALineOutsideOfTheRequestIsNotBelieved) {
  for (const char* line : {"0", "4", "-1", "1.5", "\"2\"", "null", "18446744073709551616"}) {
    const auto found =
        parse_rejection(std::string(R"({"code":"invalid","message":"bad","line":)") + line + "}", 3);
    EXPECT_FALSE(found.row) << line;
  }
}

TEST(Rejection, AnotherCodeIsNotAboutRows) {
  EXPECT_FALSE(parse_rejection(R"({"code":"not supported","message":"precision"})", 3).about_rows());
  EXPECT_TRUE(parse_rejection(R"({"code":"invalid","message":"m"})", 3).about_rows());
  EXPECT_TRUE(parse_rejection("cannot parse", 3).about_rows());
}

TEST(Rejection, ABodyThatIsNoJsonIsItsOwnMessageUpToABound) {
  EXPECT_EQ(parse_rejection("cannot parse", 1).message, "cannot parse");
  EXPECT_EQ(parse_rejection(std::string(1 << 20, 'x'), 1).message.size(), kMaxReasonBytes);
}

TEST(Rejection, CarriesTheServersErrorId) {
  EXPECT_EQ(parse_rejection(R"({"code":"invalid","message":"bad","errorId":"x-1"})", 3).error_id, "x-1");
  EXPECT_EQ(parse_rejection("cannot parse", 3).error_id, "");
}

TEST(Rejection, IsToldApartByTheServersWords) {
  const std::string preamble =
      "failed to parse line protocol:errors encountered on line(s):\nerror in line 3: ";
  for (const char* schema : {"table: t, column: c; cast error from protocol type: FLOAT to column type: LONG",
                             "cast error from protocol type: STRING to column type: UUID",
                             "cast error from protocol type: DOUBLE[][] to column type: DOUBLE[]",
                             "line protocol value: 300 is out bounds of column type: BYTE",
                             "converting 1.25 to DECIMAL(3,1) will result in loss of precision",
                             "field type conflict: input field"}) {
    EXPECT_EQ(classify_refusal(preamble + schema), RefusalKind::schema) << schema;
    EXPECT_EQ(classify_refusal(schema), RefusalKind::schema) << schema;
  }
  for (const char* parse :
       {"Could not parse entire line, field value is invalid. Field: f; value: 1x",
        "Could not parse entire line. Field value is missing: f", "No fields were provided",
        "INVALID_FIELD_SEPARATOR", "ARRAY_INVALID_TYPE", "UNSUPPORTED_BINARY_FORMAT\n",
        "Could not parse timestamp: 5x", "the line ends behind a backslash",
        "the body ends within a binary value. Field: f", "binary type 0x17 is not supported. Field: f",
        "an array is longer than the body", "unable to parse 't': missing fields", "malformed line"}) {
    EXPECT_EQ(classify_refusal(preamble + parse), RefusalKind::parse) << parse;
    EXPECT_EQ(classify_refusal(parse), RefusalKind::parse) << parse;
  }
  for (const char* write :
       {"table: t; invalid column name: a.b", "table: a?; invalid table name: a?",
        "table: t, timestamp: -1; designated timestamp before 1970-01-01 is not allowed",
        "table does not exist, cannot create new table", "INVALID_TABLE_NAME",
        "table: array_type_mis; decimal columns must be created manually: d", "new columns are not allowed",
        "", "error in line", "too many tables in one request: at most 100"}) {
    EXPECT_EQ(classify_refusal(preamble + write), RefusalKind::write) << write;
  }
}

class BatchTest : public testing::Test {
 protected:
  Batch make(base::StreamPosition from, BatchLimits limits = {}) {
    return make_batch(store_.read(from.fsn, 1 << 20, 256), from, buried_, limits);
  }
  VectorStore store_;
  BuriedRows buried_;
};

TEST_F(BatchTest, JoinsFramesUpToTheBound) {
  store_.append({"aa", "bb"});
  store_.append({"cc"});
  store_.append({"dd"});
  BatchLimits limits;
  limits.join_bytes = 6;
  const Batch batch = make({1, 0}, limits);
  EXPECT_EQ(batch.body, "aabbcc");
  EXPECT_EQ(base::format_parts(batch.parts), "1:0+2;4,2:0+1;2");
  EXPECT_EQ(batch.end(), (base::StreamPosition{3, 0}));
}

TEST_F(BatchTest, OneFrameMayBeLargerThanTheBound) {
  store_.append({"aaaa", "bbbb"});
  store_.append({"c"});
  BatchLimits limits;
  limits.join_bytes = 2;
  EXPECT_EQ(make({1, 0}, limits).body, "aaaabbbb");
}

TEST_F(BatchTest, PartOfOneFrameIsNotCopiedAndOutlivesItsReader) {
  store_.append({"aaaa", "bbbb", "cccc"});
  BatchLimits limits;
  limits.rows = 2;
  std::optional<Batch> batch;
  {
    const auto frames = store_.read(1, 1 << 20, 256);
    batch = make_batch(frames, {1, 1}, buried_, limits);
    EXPECT_EQ(batch->body.view().data(), frames.front()->payload.data() + 4);
  }
  store_.trim(2);
  EXPECT_EQ(batch->body, "bbbbcccc");
}

TEST_F(BatchTest, RowLimitsCutInsideAFrame) {
  store_.append({"a", "b", "c"});
  store_.append({"d"});
  BatchLimits limits;
  limits.rows = 2;
  const Batch first = make({1, 0}, limits);
  EXPECT_EQ(base::format_parts(first.parts), "1:0+2.;2");
  const Batch second = make(first.end(), limits);
  EXPECT_EQ(base::format_parts(second.parts), "1:2+1;1,2:0+1;1");
  EXPECT_EQ(second.row(1), (base::StreamPosition{2, 0}));
}

TEST_F(BatchTest, ByteLimitsCutAtARowBoundaryAndOneRowAlwaysGoes) {
  store_.append({"aaa", "bbb", "ccc"});
  BatchLimits limits;
  limits.cut_bytes = 7;
  EXPECT_EQ(make({1, 0}, limits).body, "aaabbb");
  limits.cut_bytes = 1;
  EXPECT_EQ(make({1, 1}, limits).body, "bbb");
}

TEST_F(BatchTest, EndsBeforeABuriedRowWhereATokenCounts) {
  store_.append({"a", "b", "c"});
  store_.append({"d"});
  buried_.add(1, 1, 1, 3);
  EXPECT_EQ(base::format_parts(make({1, 0}).parts), "1:0+1.;1");
  EXPECT_EQ(base::format_parts(make({1, 1}).parts), "1:2+1;1,2:0+1;1");
}

TEST_F(BatchTest, LeavesBuriedRowsOutWhereNoTokenCounts) {
  store_.append({"a", "b", "c"});
  store_.append({"d"});
  buried_.add(1, 2, 1, 3);
  buried_.add(1, 0, 1, 3);
  BatchLimits limits;
  limits.contiguous = false;
  EXPECT_EQ(make({1, 0}, limits).body, "bd");
}

TEST_F(BatchTest, HoldsAtMostTheParts) {
  for (int frame = 0; frame < 300; ++frame) store_.append({"a"});
  const Batch batch = make_batch(store_.read(1, 1 << 20, 300), {1, 0}, buried_, {});
  EXPECT_EQ(batch.parts.size(), base::kMaxPartsPerRequest);
}

TEST(BuriedRows, AreSkippedAcrossFrames) {
  BuriedRows buried;
  buried.add(1, 2, 1, 3);
  buried.add(1, 1, 1, 3);
  buried.add(2, 0, 1, 1);
  EXPECT_EQ(buried.skip({1, 0}), (base::StreamPosition{1, 0}));
  EXPECT_EQ(buried.skip({1, 1}), (base::StreamPosition{3, 0}));
  EXPECT_EQ(buried.next_buried(1, 0, 3), 1U);
  buried.forget_below(2);
  EXPECT_EQ(buried.skip({1, 1}), (base::StreamPosition{1, 1}));
}

}  // namespace
}  // namespace questclient::sender
