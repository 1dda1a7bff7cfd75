// How the slot commands write what they found, and what they take for a key.
#include "questclient/slot_text.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "cli/program.hpp"
#include "questclient/letter_choice.hpp"
#include "questclient/progress_bar.hpp"
#include "questclient/row_output.hpp"
#include "support/temporary_directory.hpp"

namespace questclient::tool {
namespace {

using std::chrono::nanoseconds;

TEST(SlotText, TimesAndSizesAndRanges) {
  EXPECT_EQ(readable_time(nanoseconds(350'000)), "350 us");
  EXPECT_EQ(readable_time(nanoseconds(1'200'000)), "1.2 ms");
  EXPECT_EQ(readable_time(std::chrono::seconds(125)), "2 min 5 s");
  EXPECT_EQ(readable_time(std::chrono::minutes(190)), "3 h 10 min");
  EXPECT_EQ(readable_bytes(4096), "4.0 KiB");
  EXPECT_EQ(readable_ranges({{3, 3}, {7, 9}}), "3, 7-9");
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(1234, "row"), "1,234 rows");
  EXPECT_EQ(utc(1'700'000'000'000'000'000), "2023-11-14T22:13:20Z");
}

TEST(SlotText, OneLineHidesControlCharactersAndCutsBetweenCharacters) {
  EXPECT_EQ(one_line("a\n\033b", 20), "a\\x0a\\x1bb");
  EXPECT_EQ(one_line("abcdefgh", 6), "abc...");
  EXPECT_EQ(one_line("ab\u00e9\u00e9\u00e9\u00e9", 6), "ab...") << "no half character";
}

TEST(SlotText, AKeyIsThirtyTwoBytesOrTheirDigits) {
  const test::TemporaryDirectory directory;
  const auto write = [&](const std::string& text) {
    std::ofstream(directory.path() / "key", std::ios::binary) << text;
    return directory.path() / "key";
  };
  EXPECT_EQ(read_key({}), "");
  EXPECT_EQ(read_key(write(std::string(32, '\n'))), std::string(32, '\n'));
  std::string digits;
  for (int n = 0; n < 32; ++n) digits += "4b";
  EXPECT_EQ(read_key(write(digits + "\n")), std::string(32, 'K'));
  EXPECT_THROW(read_key(write("too short")), cli::UsageError);
  EXPECT_THROW(read_key(directory.path() / "absent"), cli::UsageError);
}

TEST(ProgressLine, ShowsShareRateAndTimeLeft) {
  const std::string line = progress_line(25, 100, std::chrono::seconds(1), "x", "rows");
  EXPECT_EQ(line, "[######..................]  25 %  25 rows/s, 3.0 s left  x");
  EXPECT_NE(progress_line(0, 0, std::chrono::seconds(0), "", "").find("100 %"), std::string::npos);
}

TEST(RowOutput, GetsItsNameWhenItIsComplete) {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "rows.ilp";
  RowOutput output(path);
  const std::vector<std::uint32_t> lengths{4, 3};
  output.write_rows("a 1\nb 2", lengths);
  EXPECT_FALSE(std::filesystem::exists(path));
  output.finish();
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "a 1\nb 2\n");
  EXPECT_THROW(RowOutput(directory.path() / "absent" / "x"), std::system_error);
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(RowOutput, OfALinkTheFileBehindItIsReplaced) {
  const test::TemporaryDirectory directory;
  std::filesystem::create_symlink("behind.ilp", directory.path() / "link");
  for (const char* rows : {"a 1\n", "b 2\n"}) {  // first where nothing is, then where a file is
    RowOutput output(directory.path() / "link");
    output.write(rows);
    output.finish();
    EXPECT_TRUE(std::filesystem::is_symlink(directory.path() / "link"));
    EXPECT_EQ(content_of(directory.path() / "behind.ilp"), rows);
  }
}

TEST(RowOutput, WhatIsNoFileIsWrittenAsItStands) {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  RowOutput output(path);
  output.write("a 1\n");
  output.finish();
  char got[8] = {};
  EXPECT_EQ(::read(reader, got, sizeof got), 4);
  EXPECT_STREQ(got, "a 1\n");
  ::close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".part"));
}

TEST(RowOutput, AnUnfinishedFileIsRemoved) {
  const test::TemporaryDirectory directory;
  { RowOutput(directory.path() / "rows.ilp").write("a 1\n"); }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(LetterChoice, AKindOfReasonIsWithoutPreambleAndLine) {
  const std::string preamble = "failed to parse line protocol:errors encountered on line(s):\nerror in line ";
  EXPECT_EQ(kind_of_reason(preamble + "100: table: t; cast error"), "table: t; cast error");
  EXPECT_EQ(kind_of_reason(preamble + "x: y"), preamble + "x: y");
  EXPECT_EQ(kind_of_reason("request too large: 7"), "request too large: 7");
}

TEST(LetterChoice, TheTableOfARowIsWithoutItsEscapes) {
  EXPECT_EQ(table_of("trades,symbol=a v=1 1\n"), "trades");
  EXPECT_EQ(table_of("my\\ own\\,table v=1 1\n"), "my own,table");
  EXPECT_EQ(table_of("t\n"), "t");
}

int ran = 0;
cli::Command word_command() {
  return {"tool word", "One word."};
}
cli::Command words_command() {
  return {"tool word more", "Two words."};
}

TEST(Program, TheLongestCommandThatFitsIsRun) {
  const cli::Subcommand subcommands[] = {
      {{"word"}, word_command, [](const cli::ParsedArguments&) { return ran = 10; }},
      {{"word", "more"}, words_command, [](const cli::ParsedArguments&) { return ran = 20; }},
  };
  const cli::Program program{"tool", "", "", subcommands};
  std::string name = "tool", word = "word", more = "more";
  char* both[] = {name.data(), word.data(), more.data()};
  EXPECT_EQ(cli::run_program(program, 3, both), 20);
  EXPECT_EQ(cli::run_program(program, 2, both), 10);
}

}  // namespace
}  // namespace questclient::tool
