#include <cstring>
#include <set>
#include <string>

#include "support.hpp"

namespace questclient {
namespace {

TEST(Error, CodesPrintAsTheirOwnNames) {
  EXPECT_STREQ(to_string(ErrorCode::invalid_api_call), "invalid_api_call");
  EXPECT_STREQ(to_string(ErrorCode::unauthorised), "unauthorised");
  EXPECT_STREQ(to_string(ErrorCode::query), "query");
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::query); ++code) {
    names.insert(to_string(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::query) + 1);
  EXPECT_EQ(names.count("unknown"), 0U);
}

TEST(Error, EveryCodeSaysWhatHappenedAndWhatToDo) {
  for (const ErrorEntry& entry : error_entries()) {
    EXPECT_STREQ(entry.name, to_string(entry.code));
    EXPECT_EQ(std::string_view(entry.meaning).back(), '.') << entry.name;
    EXPECT_EQ(std::string_view(entry.what_to_do).back(), '.') << entry.name;
    EXPECT_STREQ(Error(entry.code, entry.usual, "").what_to_do(), entry.what_to_do);
  }
}

TEST(Error, CarriesTheServersOwnWords) {
  EXPECT_EQ(Error(ErrorCode::slot_full, Disposition::fix_and_resend, "full").server(), nullptr);
  const ServerAnswer answer{"a:9000", 400, "bad line", "id-7"};
  const Error error(ErrorCode::rejected, Disposition::retrying, "refused", answer);
  const Error copy = error;
  ASSERT_NE(copy.server(), nullptr);
  EXPECT_EQ(*copy.server(), answer);
}

TEST(Error, DispositionsPrintAsTheirOwnNames) {
  EXPECT_STREQ(to_string(Disposition::fix_and_resend), "fix_and_resend");
  EXPECT_STREQ(to_string(Disposition::retrying), "retrying");
  EXPECT_STREQ(to_string(Disposition::terminal), "terminal");
  EXPECT_STREQ(to_string(Disposition::in_doubt), "in_doubt");
  EXPECT_TRUE(Error(ErrorCode::timeout, Disposition::in_doubt, "").in_doubt());
}

}  // namespace
}  // namespace questclient
