#include "sent_files.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <sys/stat.h>
#include <tuple>
#include <type_traits>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "console.hpp"
#include "slot_text.hpp"

namespace questclient::tool {

namespace {

/// Other programs keep positions in slots too, and a later release may write another form.
constexpr std::string_view kMark = "questclient send 1 ";
constexpr std::size_t kMaxTokenBytes = 4096;  // of SourcePosition
constexpr std::uint64_t kTailBytes = 64 * 1024;

/// FNV-1a.
std::uint64_t hash(std::string_view bytes) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char byte : bytes) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return value;
}

struct FileState {
  std::uint64_t size = 0;
  std::int64_t modified = 0;
};

FileState state_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return {};
  return {static_cast<std::uint64_t>(status.st_size),
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

/// As they are stored: without names, so that many files have room.
template <class Entry>
auto fields(Entry& entry) {
  return std::tie(entry.path, entry.device, entry.inode, entry.how, entry.options, entry.place.offset,
                  entry.place.line, entry.place.rows, entry.place.last_row_offset, entry.place.last_row_line,
                  entry.tail, entry.sent_modified);
}

template <class... Field>
std::tuple<std::remove_const_t<Field>...> copied(const std::tuple<Field&...>& fields) {
  return fields;
}

template <class Entry>
auto values(const Entry& entry) {
  return copied(fields(entry));
}

bool is_line_end(char byte) {
  return byte == '\n' || byte == '\r';
}

}  // namespace

std::optional<SentFiles> SentFiles::of(const std::string& path, int descriptor, std::string how,
                                       std::string options) {
  struct stat status {};
  if (path == "-" || ::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  SentFiles files(descriptor);
  files.own_.path = std::filesystem::weakly_canonical(path).string();
  files.own_.device = status.st_dev;
  files.own_.inode = status.st_ino;
  files.own_.how = std::move(how);
  files.own_.options = hash(options);
  return files;
}

bool SentFiles::read(const std::optional<std::string>& token) {
  known_.clear();
  if (!token) return true;
  if (!token->starts_with(kMark)) return false;
  try {
    for (const auto& json : nlohmann::json::parse(token->substr(kMark.size()))) {
      Entry entry;
      fields(entry) = json.get<decltype(values(entry))>();
      known_.push_back(std::move(entry));
    }
  } catch (const nlohmann::json::exception&) {
    known_.clear();
    return false;
  }
  return true;
}

std::string SentFiles::written(const std::vector<Entry>& entries) {
  nlohmann::json list = nlohmann::json::array();
  for (const Entry& entry : entries) list.push_back(values(entry));
  return std::string(kMark) + list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool SentFiles::may_be(const Entry& entry) const {
  if (entry.how != own_.how) return false;
  return entry.path == own_.path || (entry.device == own_.device && entry.inode == own_.inode);
}

std::optional<std::string> SentFiles::bytes(std::uint64_t offset, std::uint64_t size) const {
  std::string read(size, '\0');
  std::size_t held = 0;
  while (held < size) {
    const ssize_t count =
        ::pread(descriptor_, read.data() + held, size - held, static_cast<off_t>(offset + held));
    if (count <= 0) return std::nullopt;
    held += static_cast<std::size_t>(count);
  }
  return read;
}

std::optional<std::uint64_t> SentFiles::tail_before(std::uint64_t offset) const {
  const std::uint64_t size = std::min(offset, kTailBytes);
  const auto read = bytes(offset - size, size);
  return read ? std::optional(hash(*read)) : std::nullopt;
}

SentFiles::Start SentFiles::start() {
  Start start;
  for (auto known = known_.begin(); known != known_.end(); ++known) {
    const Entry& entry = *known;
    if (!may_be(entry)) continue;
    if (tail_before(entry.place.offset) == entry.tail) {
      start = go_on(entry);
      known_.erase(known);
      return start;
    }
    start.note = own_.path + " is not as it was when its first " + counted(entry.place.rows, "row") +
                 " were sent: it is sent from the beginning";
  }
  return start;
}

SentFiles::Start SentFiles::go_on(const Entry& entry) const {
  const std::string rows = counted(entry.place.rows, "row");
  const FileState now = state_of(descriptor_);
  const bool nothing_follows = now.size == entry.place.offset;
  if (nothing_follows && entry.sent_modified == now.modified)
    return {entry.place, true,
            own_.path + " was sent before, all " + rows +
                " of it, and was not written since: nothing is sent. --restart sends it again"};
  if (nothing_follows && entry.sent_modified >= 0)
    return {{}, false, own_.path + " was sent before and was written anew since: it is sent again"};
  Start start{entry.place, false, {}};
  const auto before = entry.place.offset == 0 ? std::nullopt : bytes(entry.place.offset - 1, 1);
  const auto behind = bytes(entry.place.offset, 1);
  if (before && behind && !is_line_end(before->front()) && !is_line_end(behind->front())) {
    start.place.offset = entry.place.last_row_offset;
    start.place.line = entry.place.last_row_line;
    --start.place.rows;
    start.note = own_.path + ": line " + with_commas(start.place.line) +
                 " had no end yet when it was sent, and was written on since: it is sent again, whole";
    return start;
  }
  start.note = own_.path + ": goes on at line " + with_commas(entry.place.line) + ", behind the " + rows +
               " that were taken before";
  if (entry.options != own_.options) start.note += "; those with other options";
  start.note += ". --restart sends all of it";
  return start;
}

std::string SentFiles::token(const Place& place, bool at_end) const {
  Entry now = own_;
  now.place = place;
  now.tail = tail_before(place.offset).value_or(0);
  if (at_end) now.sent_modified = state_of(descriptor_).modified;
  std::vector<Entry> entries{std::move(now)};
  for (const Entry& entry : known_) {
    const bool same_file = entry.how == own_.how && entry.device == own_.device && entry.inode == own_.inode;
    if (!same_file) entries.push_back(entry);
  }
  std::string token = written(entries);
  for (; token.size() > kMaxTokenBytes && entries.size() > 1; token = written(entries)) entries.pop_back();
  if (token.size() <= kMaxTokenBytes) return token;
  entries.front().path.clear();  // the inode is left to know it by
  return written(entries);
}

}  // namespace questclient::tool
