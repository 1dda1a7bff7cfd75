#include "base/file.hpp"

#include <fcntl.h>
#include <filesystem>
#include <system_error>

#include <gtest/gtest.h>

#include "support/temporary_directory.hpp"

namespace questclient::base {
namespace {

TEST(File, ErrorsNameThePath) {
  try {
    File file("/no/such/folder/x", O_RDONLY);
    FAIL() << "opened";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/folder/x"), std::string::npos);
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  }
}

TEST(File, ReadAtStopsAtTheEnd) {
  const test::TemporaryDirectory folder;
  File file(folder.path() / "f", O_RDWR | O_CREAT);
  file.write_all("0123456789");
  file.sync_data();
  EXPECT_EQ(file.size(), 10U);
  EXPECT_EQ(file.read_at(8, 100), "89");
  EXPECT_EQ(file.read_at(50, 1), "");
  file.truncate(3);
  EXPECT_EQ(file.read_at(0, 100), "012");
}

TEST(File, ReplaceLeavesTheNewContentAndNoTemporary) {
  const test::TemporaryDirectory folder;
  const auto path = folder.path() / "state";
  EXPECT_FALSE(read_file(path));
  replace_file(path, "one");
  replace_file(path, "two");
  EXPECT_EQ(read_file(path), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(File, WholeFilesOfProcAreRead) {
  const auto status = read_file("/proc/self/status");
  ASSERT_TRUE(status);
  EXPECT_NE(status->find("VmRSS"), std::string::npos);
}

}  // namespace
}  // namespace questclient::base
