#include "base/byte_budget.hpp"

#include <utility>

#include <gtest/gtest.h>

namespace questclient::base {
namespace {

TEST(ByteBudget, ChargesAreBoundedTogetherAndGivenBack) {
  const auto budget = std::make_shared<ByteBudget>(10);
  ByteCharge first(budget);
  EXPECT_TRUE(first.set(6));
  {
    ByteCharge second(budget);
    EXPECT_FALSE(second.set(5));
    EXPECT_TRUE(second.set(4));
    EXPECT_FALSE(first.set(7));
    EXPECT_EQ(budget->held(), 10U);
    EXPECT_TRUE(first.set(2));
    EXPECT_TRUE(second.set(8));
  }
  EXPECT_EQ(budget->held(), 2U);
}

TEST(ByteBudget, AChargeMovesWithWhatItIsFor) {
  const auto budget = std::make_shared<ByteBudget>(10);
  ByteCharge first(budget);
  first.set(6);
  ByteCharge second(std::move(first));
  EXPECT_EQ(budget->held(), 6U);
  EXPECT_TRUE(first.set(4)) << "of the same budget";
  EXPECT_FALSE(second.set(7));
  second = std::move(first);
  EXPECT_EQ(budget->held(), 4U);
}

TEST(ByteBudget, TellsWhatWillNeverFit) {
  EXPECT_TRUE(ByteCharge(std::make_shared<ByteBudget>(10)).fits_alone(10));
  EXPECT_FALSE(ByteCharge(std::make_shared<ByteBudget>(10)).fits_alone(11));
  ByteCharge free;
  EXPECT_TRUE(free.fits_alone(1000));
  EXPECT_TRUE(free.set(1000));
}

}  // namespace
}  // namespace questclient::base
