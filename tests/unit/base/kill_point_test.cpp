#include "base/kill_point.hpp"

#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

namespace questclient::base {
namespace {

TEST(KillPointDeathTest, KillsAtTheNamedPassageOnly) {
  EXPECT_EXIT(
      {
        setenv("QUESTCLIENT_KILL_POINT", "here:2", 1);
        kill_point("elsewhere");
        kill_point("here");
        std::fputs("alive after the first\n", stderr);
        kill_point("here");
        std::exit(0);
      },
      testing::KilledBySignal(SIGKILL), "alive after the first");
}

TEST(KillPointDeathTest, DoesNothingWhenUnset) {
  EXPECT_EXIT(
      {
        unsetenv("QUESTCLIENT_KILL_POINT");
        kill_point("here");
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace questclient::base
