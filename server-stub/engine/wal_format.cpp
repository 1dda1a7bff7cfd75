#include "engine/wal_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"

namespace questnode::engine {
namespace {

constexpr std::string_view kSegmentMagic = "QNWALSEG";
constexpr std::string_view kNoteMagic = "QNWALNTE";
constexpr std::string_view kNamePrefix = "wal-";
constexpr std::string_view kNameSuffix = ".log";
constexpr std::size_t kNameDigits = 20;
constexpr std::size_t kReadBytes = 1U << 20;

// Both end with the checksum of all that stands before it.
void seal(std::string& bytes) {
  base::ByteWriter(bytes).number(base::crc32c(bytes));
}
bool is_intact(std::string_view bytes) {
  std::uint32_t stored;
  std::memcpy(&stored, bytes.data() + bytes.size() - sizeof stored, sizeof stored);
  return stored == base::crc32c(bytes.substr(0, bytes.size() - sizeof stored));
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  std::string bytes;
  base::ByteWriter out(bytes);
  out.raw(kSegmentMagic);
  out.number(kWalFormatVersion);
  out.number(header.first);
  out.number(header.synced);
  seal(bytes);
  return bytes;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return std::nullopt;
  bytes = bytes.substr(0, kSegmentHeaderBytes);
  if (!bytes.starts_with(kSegmentMagic) || !is_intact(bytes)) return std::nullopt;
  base::ByteReader in(bytes.substr(kSegmentMagic.size()));
  const auto version = in.number<std::uint32_t>();
  if (version > kWalFormatVersion)
    throw std::runtime_error("format version " + std::to_string(version) + ", this program reads up to " +
                             std::to_string(kWalFormatVersion) + "; start the newer program");
  SegmentHeader header;
  header.first = in.number<std::uint64_t>();
  header.synced = in.number<std::uint64_t>();
  return header;
}

std::string encode_note(const WalNote& note) {
  std::string bytes;
  bytes.reserve(kNoteBytes);
  base::ByteWriter out(bytes);
  out.raw(kNoteMagic);
  out.number(note.synced);
  out.number(static_cast<std::uint32_t>(note.mark.has_value()));
  const LogMark mark = note.mark.value_or(LogMark{});
  out.number(mark.epoch);
  out.number(mark.seq);
  out.number(mark.through);
  out.raw({reinterpret_cast<const char*>(mark.hash.data()), mark.hash.size()});
  seal(bytes);
  return bytes;
}

std::optional<WalNote> decode_note(std::string_view bytes) {
  if (bytes.size() < kNoteBytes || !bytes.starts_with(kNoteMagic)) return std::nullopt;
  bytes = bytes.substr(0, kNoteBytes);
  if (!is_intact(bytes)) return std::nullopt;
  base::ByteReader in(bytes.substr(kNoteMagic.size()));
  WalNote note;
  note.synced = in.number<std::uint64_t>();
  const bool has_mark = in.number<std::uint32_t>() != 0;
  LogMark mark;
  mark.epoch = in.number<std::uint64_t>();
  mark.seq = in.number<std::uint64_t>();
  mark.through = in.number<std::uint64_t>();
  std::memcpy(mark.hash.data(), in.raw(mark.hash.size()).data(), mark.hash.size());
  if (has_mark) note.mark = mark;
  return note;
}

std::string segment_file_name(std::uint64_t first) {
  std::array<char, kNameDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%020llu", static_cast<unsigned long long>(first));
  return std::string(kNamePrefix) + digits.data() + std::string(kNameSuffix);
}

std::optional<std::uint64_t> parse_segment_file_name(std::string_view name) {
  if (name.size() != kNamePrefix.size() + kNameDigits + kNameSuffix.size()) return std::nullopt;
  if (!name.starts_with(kNamePrefix) || !name.ends_with(kNameSuffix)) return std::nullopt;
  const std::string_view digits = name.substr(kNamePrefix.size(), kNameDigits);
  std::uint64_t first = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), first);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return first;
}

bool SegmentReader::read_more() {
  window_.erase(0, at_);
  at_ = 0;
  const std::uint64_t begin = offset_ + window_.size();
  if (begin >= end_) return false;
  // Doubling: an entry larger than one read is checked a logarithmic number of times.
  const std::uint64_t wanted = std::max(kReadBytes, window_.size());
  const std::string more = file_.read_at(begin, std::min(wanted, end_ - begin));
  window_ += more;
  return !more.empty();
}

SegmentReader::Item SegmentReader::next() {
  Item item;
  item.offset = offset_;
  if (offset_ >= end_) return item;
  for (;;) {
    const std::string_view rest = std::string_view(window_).substr(at_);
    if (const auto note = decode_note(rest)) {
      item.kind = Kind::note;
      item.note = *note;
      offset_ += kNoteBytes;
      at_ += kNoteBytes;
      return item;
    }
    if (const auto frame = peek_entry(rest)) {
      item.kind = Kind::entry;
      item.number = frame->number;
      item.bytes = rest.substr(0, frame->length);
      offset_ += frame->length;
      at_ += frame->length;
      return item;
    }
    if (!read_more()) break;
  }
  item.kind = Kind::damaged;
  return item;
}

}  // namespace questnode::engine
