// The shipped state machines of client, three nodes and store, in virtual time, from one seed.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <string>
#include <string_view>

#include "sim/schedule.hpp"

namespace {

using questclient::sim::Bug;

constexpr const char* kHelp =
    R"(Runs random failure schedules against the shipped state machines, in virtual time.

  sim [--schedules N] [--seed S] [--bug NAME] [--trace]

  --schedules N  how many, with seeds S, S+1, ...  (1000)
  --seed S       the first seed                    (1)
  --trace        tells what happens, for one seed
  --bug NAME     breaks something on purpose: skip-seal, trim-committed, reuse-stream, check-before-sequence,
                 forget-buried

Exit code: 0 every schedule held (with --bug: the bug was found); 1 a schedule was violated, its seed is printed
(with --bug: no schedule found it); 2 wrong usage.
)";

const std::map<std::string_view, Bug> kBugs = {{"skip-seal", Bug::skip_seal},
                                               {"trim-committed", Bug::trim_committed},
                                               {"reuse-stream", Bug::reuse_stream},
                                               {"check-before-sequence", Bug::check_before_sequence},
                                               {"forget-buried", Bug::forget_buried}};

struct Arguments {
  std::uint64_t schedules = 1000;
  std::uint64_t seed = 1;
  Bug bug = Bug::none;
  bool trace = false;
  bool help = false;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--help") {
      arguments.help = true;
    } else if (name == "--trace") {
      arguments.trace = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (name == "--bug") {
      const auto found = kBugs.find(argv[++i]);
      if (found == kBugs.end()) return false;
      arguments.bug = found->second;
    } else if (name == "--schedules" || name == "--seed") {
      const std::string_view text = argv[++i];
      auto& number = name == "--seed" ? arguments.seed : arguments.schedules;
      if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) return false;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fputs(kHelp, stderr);
    return 2;
  }
  if (arguments.help) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  std::map<std::string, std::uint64_t> counters;
  for (std::uint64_t seed = arguments.seed; seed < arguments.seed + arguments.schedules; ++seed) {
    try {
      questclient::sim::run_schedule(seed, arguments.bug, arguments.trace, counters);
    } catch (const questclient::sim::Violation& violation) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), violation.what());
      return arguments.bug == Bug::none ? 1 : 0;
    } catch (const std::exception& crash) {
      std::printf("seed %llu: an exception: %s\n", static_cast<unsigned long long>(seed), crash.what());
      return 1;
    }
  }
  std::printf("%llu schedules hold:", static_cast<unsigned long long>(arguments.schedules));
  for (const auto& [what, times] : counters)
    std::printf(" %s %llu,", what.c_str(), static_cast<unsigned long long>(times));
  std::printf("\n");
  return arguments.bug == Bug::none ? 0 : 1;
}
