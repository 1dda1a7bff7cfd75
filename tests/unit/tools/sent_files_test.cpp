#include "questclient/sent_files.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "questclient/byte_source.hpp"
#include "support/temporary_directory.hpp"

namespace questclient::tool {
namespace {

using namespace std::chrono_literals;

class SentFilesTest : public testing::Test {
 protected:
  std::string path(const std::string& name = "rows") const { return (directory_.path() / name).string(); }

  /// The next writing is later than this one, however coarse the clock of the file system is.
  void write(const std::string& text, const std::string& name = "rows") {
    std::ofstream(path(name), std::ios::binary) << text;
    std::filesystem::last_write_time(path(name), written_ += 1s);
  }
  void append(const std::string& text) {
    std::ofstream(path(), std::ios::binary | std::ios::app) << text;
    std::filesystem::last_write_time(path(), written_ += 1s);
  }

  SentFiles::Start start(const std::string& how = "ilp", const std::string& options = "",
                         const std::string& name = "rows") {
    const FileSource file(path(name));
    auto files = SentFiles::of(path(name), file.descriptor(), how, options);
    EXPECT_TRUE(files->read(token_));
    return files->start();
  }
  /// A run that takes rows up to `place`.
  void take(const Place& place, bool at_end = false, const std::string& how = "ilp",
            const std::string& name = "rows") {
    const FileSource file(path(name));
    auto files = SentFiles::of(path(name), file.descriptor(), how, "");
    EXPECT_TRUE(files->read(token_));
    files->start();
    token_ = files->token(place, at_end);
    EXPECT_LE(token_->size(), 4096U);
  }

  test::TemporaryDirectory directory_;
  std::filesystem::file_time_type written_ = std::filesystem::file_time_type::clock::now();
  std::optional<std::string> token_;
};

constexpr Place kSecondLine{4, 2, 1, 0, 1};
constexpr Place kEnd{8, 3, 2, 4, 2};

TEST_F(SentFilesTest, AFileGoesOnWhereItWasTaken) {
  write("a 1\nb 2\n");
  EXPECT_EQ(start().place.offset, 0U);
  EXPECT_EQ(start().note, "");
  take(kSecondLine);
  const auto begin = start();
  EXPECT_EQ(begin.place.offset, 4U);
  EXPECT_EQ(begin.place.line, 2U);
  EXPECT_EQ(begin.place.rows, 1U);
  EXPECT_FALSE(begin.all);
  EXPECT_NE(begin.note.find("goes on at line 2, behind the 1 row that"), std::string::npos) << begin.note;
  EXPECT_EQ(start("csv t").place.offset, 0U) << "for another table nothing was sent";
  EXPECT_NE(start("ilp", "other").note.find("with other options"), std::string::npos);
}

TEST_F(SentFilesTest, WhatWasSentCompletelyIsSentAgainOnlyWhenItWasWrittenAnew) {
  write("a 1\nb 2\n");
  take(kEnd);
  EXPECT_FALSE(start().all) << "killed before the end was noted";
  EXPECT_EQ(start().place.offset, 8U);
  take(kEnd, true);
  EXPECT_TRUE(start().all);
  append("c 3\n");
  EXPECT_FALSE(start().all);
  EXPECT_EQ(start().place.offset, 8U);
  write("a 1\nb 2\n");
  const auto anew = start();
  EXPECT_FALSE(anew.all);
  EXPECT_EQ(anew.place.offset, 0U);
  EXPECT_NE(anew.note.find("written anew"), std::string::npos);
}

TEST_F(SentFilesTest, AFileThatWasReplacedBeginsAnew) {
  write("a 1\nb 2\n");
  take(kSecondLine);
  for (const char* other : {"x 1\nb 2\n", "a 1", ""}) {
    write(other);
    const auto begin = start();
    EXPECT_EQ(begin.place.offset, 0U);
    EXPECT_NE(begin.note.find("from the beginning"), std::string::npos) << begin.note;
  }
}

TEST_F(SentFilesTest, AnEditorThatWritesANewFileChangesNothing) {
  write("a 1\nbad\n");
  take(kSecondLine);
  write("a 1\nb 2\n", "mended");
  std::filesystem::rename(path("mended"), path());
  EXPECT_EQ(start().place.offset, 4U);
}

TEST_F(SentFilesTest, ARotatedFileIsKnownByItsInode) {
  write("a 1\nb 2\n");
  take(kSecondLine);
  std::filesystem::rename(path(), path("rows.1"));
  write("x 1\ny 2\nz 3\n");
  EXPECT_EQ(start().place.offset, 0U);
  take(kEnd);
  EXPECT_EQ(start().place.offset, 8U);
  EXPECT_EQ(start("ilp", "", "rows.1").place.offset, 4U);
}

TEST_F(SentFilesTest, ALastLineThatWasWrittenOnIsSentAgainWhole) {
  write("a 1\nb 2");
  const Place end{7, 2, 2, 4, 2};
  take(end, true);
  EXPECT_TRUE(start().all);
  append("\n");
  EXPECT_EQ(start().place.offset, 7U);
  write("a 1\nb 23\n");
  const auto begin = start();
  EXPECT_EQ(begin.place.offset, 4U);
  EXPECT_EQ(begin.place.line, 2U);
  EXPECT_EQ(begin.place.rows, 1U);
  EXPECT_NE(begin.note.find("had no end yet"), std::string::npos);
}

TEST_F(SentFilesTest, ManyFilesHaveRoom) {
  for (int i = 0; i < 40; ++i) {
    write("a 1\nb 2\n", std::to_string(i));
    take(kSecondLine, false, "csv trades", std::to_string(i));
  }
  for (int i = 20; i < 40; ++i) EXPECT_EQ(start("csv trades", "", std::to_string(i)).place.offset, 4U) << i;
  EXPECT_EQ(start("csv trades", "", "0").place.offset, 0U) << "the oldest are forgotten";
}

TEST_F(SentFilesTest, TheTokenOfAnotherProgramIsNotRead) {
  write("a 1\n");
  const FileSource file(path());
  auto files = SentFiles::of(path(), file.descriptor(), "ilp", "");
  for (const char* token : {"", "17", "questclient send 2 []", "questclient send 1 [",
                            "questclient send 1 [7]", "questclient send 1 {\"a\":1}"}) {
    EXPECT_FALSE(files->read(token)) << token;
  }
  EXPECT_TRUE(files->read(std::nullopt));
}

TEST_F(SentFilesTest, OnlyRegularFilesAreGoneOnWith) {
  const FileSource null("/dev/null");
  EXPECT_FALSE(SentFiles::of("/dev/null", null.descriptor(), "ilp", ""));
  EXPECT_FALSE(SentFiles::of("-", 0, "ilp", ""));
}

}  // namespace
}  // namespace questclient::tool
