// A Sender's own rows: every way to give one.
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <questclient/sender.hpp>

#include "driver_support.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

using Texts = std::vector<std::string>;

TEST(RowMethods, NamesAndValuesMayBeKnownOnlyAtRunTime) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), "auto_flush_rows=2;"), kIgnore);
  const Texts symbols = {"s"};
  const Texts columns = {"a", "b"};
  const PreparedRow row = sender.row("t", symbols, columns);
  const std::vector<std::string_view> views = {"c"};
  const PreparedRow other = sender.row(std::string("u"), std::span<const std::string_view>(), views);
  std::vector<RowValue> values = {"x", 1, std::nullopt};
  sender.add_values(row, values, TimestampNanos{7});
  sender.add(other, 2, TimestampNanos{8});
  EXPECT_TRUE(sender.drain(kLong)) << "the second row flushes both";
  EXPECT_EQ(database.rows(), (Texts{"t,s=x a=1i 7", "u c=2i 8"}));
}

TEST(RowMethods, OptionalsAreLeftOut) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address()), kIgnore);
  sender.table("t").column("a", std::optional<int>()).column("b", std::optional(true)).at(TimestampNanos{1});
  sender.flush();
  EXPECT_TRUE(sender.drain(kLong));
  EXPECT_EQ(database.rows(), (Texts{"t b=t 1"}));
}

TEST(RowMethods, ANullPointerIsRefusedAndTheNextRowTaken) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address()), kIgnore);
  const char* null = nullptr;
  const auto refusal = [](auto&& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::closed;
  };
  EXPECT_EQ(refusal([&] { sender.table(null); }), ErrorCode::invalid_name);
  EXPECT_EQ(refusal([&] { sender.table("t").symbol("s", null); }), ErrorCode::invalid_value);
  EXPECT_EQ(refusal([&] { sender.table("t").symbol(null, "x"); }), ErrorCode::invalid_name);
  EXPECT_EQ(refusal([&] { sender.table("t").column("a", null); }), ErrorCode::invalid_value);
  EXPECT_EQ(refusal([&] { sender.row(null, {"s"}, {"a"}); }), ErrorCode::invalid_name);
  row(sender, 1);
  sender.flush();
  EXPECT_TRUE(sender.drain(kLong));
  EXPECT_EQ(database.rows(), lines(1, 2));
}

}  // namespace
}  // namespace questclient
