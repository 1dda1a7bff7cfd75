#include "net/address_race.hpp"

#include <gtest/gtest.h>

namespace questclient::net {
namespace {

using std::chrono::milliseconds;

/// What is tried at once when each attempt fails.
std::vector<std::string> order_of(const std::vector<std::string>& addresses) {
  AddressRace race(addresses);
  std::vector<std::string> order;
  while (const std::string* address = race.next({})) {
    order.push_back(*address);
    race.failed();
  }
  EXPECT_TRUE(race.is_lost());
  return order;
}

TEST(AddressRace, TheFamiliesAlternateAndTheResolversFirstStaysFirst) {
  using Addresses = std::vector<std::string>;
  EXPECT_EQ(order_of({"::1", "::2", "::3", "10.0.0.1"}), (Addresses{"::1", "10.0.0.1", "::2", "::3"}));
  EXPECT_EQ(order_of({"10.0.0.1", "10.0.0.2", "::1"}), (Addresses{"10.0.0.1", "::1", "10.0.0.2"}));
  EXPECT_EQ(order_of({"10.0.0.1"}), (Addresses{"10.0.0.1"}));
}

TEST(AddressRace, ASilentAddressGetsCompanyAfterAPause) {
  AddressRace race({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
  const base::Time start = milliseconds(5000);
  ASSERT_NE(race.next(start), nullptr);
  EXPECT_EQ(race.next(start), nullptr);
  EXPECT_EQ(race.due(), start + kAddressPause);
  EXPECT_EQ(race.next(race.due() - milliseconds(1)), nullptr);
  EXPECT_EQ(*race.next(start + kAddressPause), "10.0.0.2");
  race.failed();
  EXPECT_EQ(*race.next(start + kAddressPause), "10.0.0.3") << "a failure leaves nothing to wait for";
  EXPECT_EQ(race.due(), base::Time::max());
  EXPECT_EQ(race.next(start + milliseconds(60000)), nullptr);
  race.failed();
  EXPECT_FALSE(race.is_lost()) << "the first one is still silent";
  race.failed();
  EXPECT_TRUE(race.is_lost());
}

}  // namespace
}  // namespace questclient::net
