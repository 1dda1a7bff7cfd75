#include "buffer/disk_advice.hpp"

#include <cerrno>
#include <system_error>

#include <sqlite3.h>

#include "buffer/sqlite.hpp"

namespace questclient::buffer {
namespace {

enum class Cause { forbidden, read_only, path, other };

Cause cause_of(const std::exception& failure) {
  if (const auto* of_system = dynamic_cast<const std::system_error*>(&failure)) {
    switch (of_system->code().value()) {
      case EACCES:
      case EPERM:
        return Cause::forbidden;
      case EROFS:
        return Cause::read_only;
      case ENOTDIR:
      case EEXIST:  // a link that leads nowhere
      case ENOENT:
      case ELOOP:
      case ENAMETOOLONG:
        return Cause::path;
      default:
        return Cause::other;
    }
  }
  const auto* of_sqlite = dynamic_cast<const SqliteError*>(&failure);
  if (of_sqlite == nullptr) return Cause::other;
  const int primary = of_sqlite->code() & 0xFF;
  return primary == SQLITE_READONLY || primary == SQLITE_PERM ? Cause::forbidden : Cause::other;
}

}  // namespace

std::string disk_advice(const std::exception& failure) {
  switch (cause_of(failure)) {
    case Cause::forbidden:
      return "give the user that this process runs as the right to read and write there, files that are "
             "there "
             "already included";
    case Cause::read_only:
      return "the file system is mounted read-only: mount it for writing, or set sf_dir to another one";
    case Cause::path:
      return "a part of the path is a file, or a link that leads nowhere, or is gone: correct sf_dir";
    case Cause::other:
      return "make sure that the disk has room and works";
  }
  return {};
}

}  // namespace questclient::buffer
