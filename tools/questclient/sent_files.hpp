// Which files a slot has taken rows of, and how far: what `send` commits beside the rows, so that it can go
// on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "row_source.hpp"

namespace questclient::tool {

/// One regular file on its way into a slot, among those that went before. A file is known again by its path
/// or its inode, and by the bytes in front of the place that was reached.
class SentFiles {
 public:
  /// `how`: the same file sent to another table is another one. `options`: told when they differ. The
  /// descriptor must outlive it. nullopt: it is no regular file.
  static std::optional<SentFiles> of(const std::string& path, int descriptor, std::string how,
                                     std::string options);

  /// What Sender::position() gave. False: it is of another program, which needs it.
  bool read(const std::optional<std::string>& token);

  struct Start {
    Place place;       ///< Where to begin.
    bool all = false;  ///< Everything was sent, and the file was not written since.
    std::string note;  ///< For the user; empty: the file is new.
  };
  Start start();

  /// To be committed with the rows up to `place`. `at_end`: nothing follows them.
  std::string token(const Place& place, bool at_end) const;

 private:
  struct Entry {
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::string how;
    std::uint64_t options = 0;  // a hash
    Place place;
    std::uint64_t tail = 0;           // a hash of the bytes in front of the place
    std::int64_t sent_modified = -1;  // when all was sent: the file's time of change
  };

  explicit SentFiles(int descriptor) : descriptor_(descriptor) {}
  static std::string written(const std::vector<Entry>& entries);
  bool may_be(const Entry& entry) const;
  Start go_on(const Entry& entry) const;
  std::optional<std::string> bytes(std::uint64_t offset, std::uint64_t size) const;
  std::optional<std::uint64_t> tail_before(std::uint64_t offset) const;

  int descriptor_;
  Entry own_;
  std::vector<Entry> known_;  // the newest first
};

}  // namespace questclient::tool
