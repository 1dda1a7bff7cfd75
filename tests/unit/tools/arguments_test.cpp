#include "cli/arguments.hpp"

#include <gtest/gtest.h>

namespace questclient::cli {
namespace {

using std::chrono::milliseconds;

Command example() {
  Command command("tool send", "Sends a file.");
  command.required_option("conf", "CONF", "Connect string")
      .option("timeout", "TIME", "How long to wait", "30s")
      .option("rows", "N", "How many", "5")
      .flag("json", "Print JSON")
      .positional("FILE", "What to send")
      .optional_positional("TABLE", "Where to", "metrics")
      .notes("Exit codes: 0, 1, 2\n");
  return command;
}

ParsedArguments parse(std::vector<std::string> arguments) {
  return example().parse(arguments);
}

std::string usage_error(std::vector<std::string> arguments) {
  try {
    parse(std::move(arguments));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Arguments, TakesValuesInBothFormsFlagsAndPositionals) {
  const auto parsed = parse({"--conf", "http::addr=a;", "--timeout=250ms", "file", "--json"});
  EXPECT_EQ(parsed.text("conf"), "http::addr=a;");
  EXPECT_EQ(parsed.duration("timeout"), milliseconds(250));
  EXPECT_TRUE(parsed.has("json"));
  EXPECT_EQ(parsed.text("FILE"), "file");
  EXPECT_EQ(parsed.text("TABLE"), "metrics");
}

TEST(Arguments, DefaultsStandUntilGiven) {
  const auto parsed = parse({"--conf=c", "file"});
  EXPECT_FALSE(parsed.has("timeout"));
  EXPECT_EQ(parsed.duration("timeout"), milliseconds(30000));
  EXPECT_EQ(parsed.integer("rows", 1, 10), 5);
  EXPECT_FALSE(parsed.has("json"));
}

TEST(Arguments, ALoneDashAndWhatFollowsADoubleDashArePositionals) {
  EXPECT_EQ(parse({"--conf=c", "-"}).text("FILE"), "-");
  EXPECT_EQ(parse({"--conf=c", "--", "--odd-name"}).text("FILE"), "--odd-name");
}

TEST(Arguments, TheLastOfARepeatedOptionCountsAndAllAreKept) {
  const auto parsed = parse({"--conf=a", "--conf=b", "file"});
  EXPECT_EQ(parsed.text("conf"), "b");
  EXPECT_EQ(parsed.all("conf"), (std::vector<std::string>{"a", "b"}));
}

TEST(Arguments, AnUnknownOptionNamesTheNearestOne) {
  EXPECT_EQ(usage_error({"--conf=c", "--timeuot=3s", "file"}),
            "there is no option --timeuot; did you mean --timeout?");
  EXPECT_EQ(usage_error({"--conf=c", "--jso", "file"}), "there is no option --jso; did you mean --json?");
  EXPECT_EQ(usage_error({"--conf=c", "--zzzzzzzz", "file"}),
            "there is no option --zzzzzzzz; 'tool send --help' lists them");
}

TEST(Arguments, MissingAndSuperfluousPartsAreNamed) {
  EXPECT_EQ(usage_error({"file"}), "--conf CONF is missing; 'tool send --help' explains it");
  EXPECT_EQ(usage_error({"--conf"}), "--conf needs a value: --conf CONF");
  EXPECT_EQ(usage_error({"--conf=c"}), "FILE is missing: tool send --conf CONF [options] FILE [TABLE]");
  EXPECT_EQ(usage_error({"--conf=c", "a", "b", "c"}),
            "nothing is expected at 'c': tool send --conf CONF [options] FILE [TABLE]");
  EXPECT_EQ(usage_error({"--conf=c", "--json=1", "a"}), "--json takes no value");
}

TEST(Arguments, NumbersAndTimesAreChecked) {
  EXPECT_THROW(parse({"--conf=c", "--rows=11", "f"}).integer("rows", 1, 10), UsageError);
  EXPECT_THROW(parse({"--conf=c", "--rows=1x", "f"}).integer("rows", 1, 10), UsageError);
  EXPECT_THROW(parse({"--conf=c", "--timeout=soon", "f"}).duration("timeout"), UsageError);
  EXPECT_EQ(parse_duration("2m"), milliseconds(120000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3600000));
  EXPECT_EQ(parse_duration("3"), milliseconds(3000));
  EXPECT_EQ(parse_duration("-1s"), std::nullopt);
  EXPECT_EQ(parse_duration("99999999999999999h"), std::nullopt);
}

TEST(Arguments, HelpWinsOverEverythingElseAndNamesAllParts) {
  EXPECT_TRUE(parse({"--json", "--help", "--nonsense"}).help_wanted());
  const std::string help = example().help();
  for (const char* part : {"Sends a file.", "Usage: tool send --conf CONF [options] FILE [TABLE]",
                           "--timeout TIME", "(default 30s)", "--json", "--help", "Exit codes: 0, 1, 2"}) {
    EXPECT_NE(help.find(part), std::string::npos) << part << "\n" << help;
  }
}

TEST(Arguments, ARepeatedPositionalTakesAllThatIsLeft) {
  Command command("tool", "x");
  command.repeated_positional("FILE", "files");
  const std::vector<std::string> given{"a", "b"};
  EXPECT_EQ(command.parse(given).all("FILE"), given);
  EXPECT_THROW(command.parse({}), UsageError);
}

}  // namespace
}  // namespace questclient::cli
