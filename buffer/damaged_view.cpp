#include "buffer/damaged_view.hpp"

#include <algorithm>
#include <fcntl.h>

#include "base/file.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/sqlite_file.hpp"
#include "buffer/wal_check.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCopyBytes = 1 << 20;

void copy_database(const fs::path& from, const fs::path& to) {
  const SqliteFile file(from, SqliteFile::Purpose::read_database);
  const std::uint64_t size = file.size();
  base::File copy(to, O_WRONLY | O_CREAT | O_TRUNC);
  std::string bytes;
  for (std::uint64_t at = 0; at < size; at += bytes.size()) {
    bytes.resize(std::min(size - at, kCopyBytes));
    file.read(at, bytes);
    copy.write_all(bytes);
  }
}

}  // namespace

void make_view(const fs::path& database, const fs::path& view, Way way, std::size_t page_bytes,
               std::string first_page) {
  const fs::path log = with_suffix(database, "-wal");
  if (way != Way::restamped_log) copy_database(database, view);
  if (way == Way::without_log) return;
  if (way == Way::as_sqlite_sees_it) {
    if (fs::exists(log)) fs::copy_file(log, with_suffix(view, "-wal"));
    return;
  }
  if (first_page.empty()) first_page = base::File(view, O_RDONLY).read_at(0, page_bytes);
  restamp_wal(log, with_suffix(view, "-wal"), first_page,
              static_cast<std::uint32_t>(size_or_zero(view) / page_bytes));
  base::File(view, O_WRONLY).write_all(first_page);
}

}  // namespace questclient::buffer
