// What a failure of the disk tells the user to do.
#include "buffer/disk_advice.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>

#include <sqlite3.h>

#include "buffer/sqlite.hpp"
#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

using DiskAdvice = SlotTest;

std::string advice_for(int error) {
  return disk_advice(std::system_error(error, std::generic_category()));
}

TEST(DiskAdviceOfError, FitsTheCause) {
  EXPECT_NE(advice_for(EACCES).find("the right to"), std::string::npos);
  EXPECT_NE(advice_for(EROFS).find("read-only"), std::string::npos);
  EXPECT_NE(advice_for(ENOSPC).find("has room"), std::string::npos);
  EXPECT_NE(disk_advice(SqliteError(SQLITE_READONLY_DIRECTORY, "")).find("the right to"), std::string::npos);
  EXPECT_NE(disk_advice(SqliteError(SQLITE_FULL, "")).find("has room"), std::string::npos);
}

TEST_F(DiskAdvice, PathThroughAFileOrALinkToNowhereIsNamed) {
  base::File(root_ / "file", O_CREAT | O_WRONLY);
  fs::create_symlink(root_ / "nowhere", root_ / "link");
  for (const char* wrong : {"file", "link"}) {
    options_.sf_dir = (root_ / wrong).string();
    const std::string says = error_of([this] { open(); }).what();
    EXPECT_NE(says.find("correct sf_dir"), std::string::npos) << says;
    EXPECT_EQ(says.find("has room"), std::string::npos) << says;
  }
}

}  // namespace
}  // namespace questclient::buffer
