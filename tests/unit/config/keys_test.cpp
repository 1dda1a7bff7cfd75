#include "config/keys.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "config/values.hpp"
#include "support.hpp"

namespace questclient {
namespace {

using config::Key;
using std::chrono::milliseconds;
using testing::expect_holds;
using testing::parsed;
using testing::refusal;
using testing::refused_keys;

bool is_number(const Key& key) {
  return key.most > 0;
}

TEST(Keys, EachHasANameAMeaningAndIsFound) {
  std::set<std::string_view> names;
  for (const Key& key : config::keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.meaning.empty()) << key.name;
    EXPECT_FALSE(key.expects.empty()) << key.name;
    EXPECT_EQ(config::find_key(key.name), &key);
    EXPECT_EQ(config::nearest_key(key.name), key.name);
    EXPECT_TRUE(config::advice_for_unsupported(key.name).empty()) << key.name;
  }
  EXPECT_EQ(config::find_key("nothing"), nullptr);
}

TEST(Keys, TheNearestIsFoundWhateverItsCaseAndOnlyWhereOneIsNear) {
  EXPECT_EQ(config::nearest_key("PASSWORD"), "password");
  EXPECT_EQ(config::nearest_key("Sf_Dri"), "sf_dir");
  EXPECT_EQ(config::nearest_key("bogus"), "");
  EXPECT_FALSE(config::resembles_key("bogus"));
  expect_holds(refused_keys("bogus=1"), {"unknown key \"bogus\"", "no key has a name like it"});
}

TEST(Keys, AliasesAreListed) {
  EXPECT_EQ(config::aliases_of(*config::find_key("username")), std::vector<std::string>{"user"});
  EXPECT_TRUE(config::aliases_of(*config::find_key("addr")).empty());
}

TEST(Keys, DefaultsPrintAsTextThatParsesToTheSame) {
  for (const Key& key : config::keys()) {
    const std::string printed = key.print(Options{});
    if (printed.empty()) continue;
    Options options;
    EXPECT_EQ(key.parse(key, options, printed), "") << key.name << '=' << printed;
    EXPECT_EQ(key.print(options), printed);
  }
}

TEST(Keys, NumbersTakeTheirWholeRangeAndNothingBeyond) {
  for (const Key& key : config::keys()) {
    if (!is_number(key)) continue;
    Options options;
    const auto accepts = [&](const std::string& value) { return key.parse(key, options, value).empty(); };
    EXPECT_TRUE(accepts(std::to_string(key.least))) << key.name;
    EXPECT_TRUE(accepts(std::to_string(key.most))) << key.name;
    EXPECT_EQ(key.check(key, options), "") << key.name;
    EXPECT_FALSE(accepts(std::to_string(key.most + 1))) << key.name;
    if (key.least > 0) {
      EXPECT_EQ(accepts(std::to_string(key.least - 1)), key.may_be_absent && key.least == 1);
    }
    for (const char* bad :
         {"", "-1", "+1", "1.5", "abc", "1 ", " 1", "0x10", "99999999999999999999", "1kb", "k"}) {
      EXPECT_FALSE(accepts(bad)) << key.name << '=' << bad;
    }
  }
}

TEST(Keys, ARefusedNumberIsNamedWithItsValueAndRange) {
  expect_holds(refused_keys("request_timeout=abc"), {"request_timeout=abc", "from 1 to 3600000"});
  expect_holds(refused_keys("request_timeout=0"), {"request_timeout=0", "from 1 to 3600000"});
  expect_holds(refused_keys("max_name_len=15"), {"max_name_len=15", "from 16"});
}

TEST(Keys, FieldsSetByHandAreCheckedTheSameWay) {
  const auto says = [](auto&& change, std::initializer_list<std::string_view> parts) {
    Options options = Options::from_conf("http::addr=a;");
    change(options);
    expect_holds(refusal([&] { options.validate(); }), parts);
  };
  Options options;
  expect_holds(refusal([&] { options.validate(); }), {"addr is missing"});
  options.addr = {{"a", 9000}};
  EXPECT_NO_THROW(options.validate());
  says([](Options& o) { o.addr.push_back({"A", 9000}); }, {"A:9000 twice"});
  says([](Options& o) { o.addr[0].port = 0; }, {"port 0"});
  says([](Options& o) { o.addr[0].host = ""; }, {"empty host"});
  says([](Options& o) { o.addr[0].host = "[::1]"; }, {"brackets", "without them"});
  says([](Options& o) { o.transport = static_cast<Transport>(9); }, {"transport", "http, https, tcp, tcps"});
  says([](Options& o) { o.tls_verify = TlsVerify::unsafe_off; }, {"tls_verify", "https"});
  says([](Options& o) { o.on_security_error = ErrorPolicy::drop; }, {"on_security_error", "halt or retry"});
  says([](Options& o) { o.sf_key_provider = [] { return std::string(); }; }, {"sf_key", "sf_dir"});
  says([](Options& o) { o.request_timeout = milliseconds(0); }, {"request_timeout=0", "from 1 to 3600000"});
  says([](Options& o) { o.request_timeout = milliseconds(-1); }, {"request_timeout"});
  says([](Options& o) { o.max_name_len = 3; }, {"max_name_len=3"});
  says([](Options& o) { o.protocol_version = 4; }, {"protocol_version", "auto, 1, 2 or 3"});
  says([](Options& o) { o.sf_max_total_bytes = 1; }, {"sf_max_total_bytes=1"});
  says([](Options& o) { o.sender_id = "../x"; }, {"sender_id=../x"});
  says([](Options& o) { o.token = "hush\n"; }, {"token=***"});
  says([](Options& o) { o.username = "u"; }, {"username without password"});
  says([](Options& o) { o.sf_durability = SlotDurability::flush; }, {"sf_dir"});
}

TEST(Keys, AreListedByGroupWithTheirDefaults) {
  const std::vector<OptionKey> listed = option_keys();
  ASSERT_EQ(listed.size(), config::keys().size());
  std::set<std::string> groups;
  std::string current;
  for (const OptionKey& key : listed) {
    EXPECT_FALSE(key.group.empty()) << key.name;
    if (key.group == current) continue;
    current = key.group;
    EXPECT_TRUE(groups.insert(current).second) << "the group " << current << " stands twice";
  }
  const auto named = [&](std::string_view name) {
    return *std::find_if(listed.begin(), listed.end(),
                         [&](const OptionKey& key) { return key.name == name; });
  };
  EXPECT_EQ(named("sf_durability").default_value, "memory");
  EXPECT_EQ(named("max_buf_size").default_value, "100m");
  EXPECT_EQ(named("auto_flush_interval").default_value, "1000");
  EXPECT_TRUE(named("token").is_secret);
  EXPECT_FALSE(named("username").is_secret);
}

TEST(Keys, ADescriptionHidesSecretsAndReadsBack) {
  const Options options = parsed("username=u;password=hush;sf_dir=/d;auto_flush_rows=7;");
  std::string again = "http::";
  for (const auto& [key, value] : describe(options)) {
    EXPECT_EQ(value.find("hush"), std::string::npos) << key;
    if (!value.empty() && key != "sf_sync_interval_millis") again += key + "=" + value + ";";
  }
  const Options read = Options::from_conf(again);
  EXPECT_EQ(read.password, "***");
  EXPECT_EQ(describe(read), describe(options));
}

TEST(Values, SizesAreInPowersOf1024) {
  using config::parse_size;
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("123"), 123U);
  EXPECT_EQ(parse_size("1k"), 1024U);
  EXPECT_EQ(parse_size("1K"), 1024U);
  EXPECT_EQ(parse_size("3m"), 3ULL << 20);
  EXPECT_EQ(parse_size("10g"), 10ULL << 30);
  EXPECT_EQ(parse_size("2t"), 2ULL << 40);
  EXPECT_EQ(parse_size("16777215t"), 16777215ULL << 40);
  for (const char* bad : {"", "k", "1kk", "1b", "-1k", "1.5k", "1 k", "16777216t", "18446744073709551616"}) {
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
  }
}

TEST(Values, SizesPrintAsTheShortestTextThatReadsBack) {
  for (const std::uint64_t bytes :
       {0ULL, 1ULL, 1023ULL, 1024ULL, 1025ULL, 64ULL << 20, 10ULL << 30, 5ULL << 50}) {
    EXPECT_EQ(config::parse_size(config::print_size(bytes)), bytes);
  }
  EXPECT_EQ(config::print_size(100 << 20), "100m");
  EXPECT_EQ(config::print_size(1025), "1025");
}

}  // namespace
}  // namespace questclient
