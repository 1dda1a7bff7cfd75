#include "replication/record.hpp"

#include <memory>
#include <stdexcept>

#include <zstd.h>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "engine/entry.hpp"

// Layout: magic, u32 version, u32 header bytes, header, u32 CRC of all that, body, u32 CRC of the body,
// SHA-256 of everything before it. Body: entries as u32 length and bytes, compressed; nothing when there are
// none.
namespace questnode::replication {

static_assert(engine::kMaxEntryBytes + sizeof(std::uint32_t) <= kMaxBodyBytes, "an entry fits into a record");

namespace {

constexpr std::string_view kMagic = "QNLOGREC";
constexpr std::uint32_t kRecordVersion = 1;
constexpr int kCompressionLevel = 1;
constexpr std::size_t kMaxAuthorBytes = 255;
constexpr std::size_t kHashBytes = sizeof(base::Sha256);

[[noreturn]] void damaged(const std::string& why) {
  throw std::runtime_error("the log record is damaged: " + why);
}

std::string_view view(const base::Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

base::Sha256 hash_from(std::string_view raw) {
  base::Sha256 hash;
  std::memcpy(hash.data(), raw.data(), hash.size());
  return hash;
}

std::string join(const std::vector<std::string>& entries) {
  std::uint64_t size = 0;
  for (const std::string& entry : entries) size += entry.size() + sizeof(std::uint32_t);
  if (size > kMaxBodyBytes) {
    throw std::runtime_error("the entries of a log record take " + std::to_string(size) + " bytes; at most " +
                             std::to_string(kMaxBodyBytes) + " can be replicated in one record");
  }
  std::string raw;
  raw.reserve(size);
  base::ByteWriter writer(raw);
  for (const std::string& entry : entries) writer.text(entry);
  return raw;
}

std::string compress(const std::string& raw) {
  if (raw.empty()) return {};
  thread_local const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                                     ZSTD_freeCCtx);
  std::string stored(ZSTD_compressBound(raw.size()), '\0');
  const std::size_t size = ZSTD_compressCCtx(context.get(), stored.data(), stored.size(), raw.data(),
                                             raw.size(), kCompressionLevel);
  if (ZSTD_isError(size) != 0) throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(size));
  stored.resize(size);
  return stored;
}

std::string decompress(std::string_view stored, std::uint64_t raw_bytes) {
  if (raw_bytes > kMaxBodyBytes) damaged("it declares a body of " + std::to_string(raw_bytes) + " bytes");
  if (stored.empty() && raw_bytes == 0) return {};
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != raw_bytes) {
    damaged("its body is not of the declared size");
  }
  std::string raw(raw_bytes, '\0');
  const std::size_t size = ZSTD_decompress(raw.data(), raw.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) != 0) damaged(std::string("zstd: ") + ZSTD_getErrorName(size));
  if (size != raw_bytes) damaged("its body is shorter than declared");
  return raw;
}

std::vector<std::string> split(std::string_view raw, std::uint32_t count) {
  if (std::uint64_t{count} * sizeof(std::uint32_t) > raw.size())
    damaged("it declares more entries than it holds");
  std::vector<std::string> entries;
  entries.reserve(count);
  base::ByteReader reader(raw);
  for (std::uint32_t index = 0; index < count; ++index) entries.emplace_back(reader.text());
  if (!reader.empty()) damaged("bytes follow its last entry");
  return entries;
}

/// The header's numbers that only the codec needs.
struct Sizes {
  std::uint32_t entries = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t raw_bytes = 0;
};

std::string encode_header(const Record& record, const Sizes& sizes) {
  if (record.author.size() > kMaxAuthorBytes)
    throw std::runtime_error("the node name is longer than 255 bytes");
  std::string header;
  base::ByteWriter writer(header);
  writer.number(static_cast<std::uint8_t>(record.kind));
  writer.raw(record.cluster.raw());
  writer.number(record.epoch);
  writer.number(record.seq);
  writer.raw(record.nonce.raw());
  writer.number(record.sealed_by);
  writer.raw(view(record.parent));
  writer.number(record.clock);
  writer.number(record.first_entry);
  writer.number(sizes.entries);
  writer.number(sizes.stored_bytes);
  writer.number(sizes.raw_bytes);
  writer.text(record.author);
  return header;
}

Record decode_header(std::string_view header, Sizes& sizes) {
  base::ByteReader reader(header);
  Record record;
  const auto kind = reader.number<std::uint8_t>();
  if (kind < static_cast<std::uint8_t>(RecordKind::head) ||
      kind > static_cast<std::uint8_t>(RecordKind::seal)) {
    damaged("kind " + std::to_string(kind) + " is not known");
  }
  record.kind = static_cast<RecordKind>(kind);
  record.cluster = base::Uuid::from_raw(reader.raw(sizeof(base::Uuid)));
  record.epoch = reader.number<std::uint64_t>();
  record.seq = reader.number<std::uint64_t>();
  record.nonce = base::Uuid::from_raw(reader.raw(sizeof(base::Uuid)));
  record.sealed_by = reader.number<std::uint64_t>();
  record.parent = hash_from(reader.raw(kHashBytes));
  record.clock = reader.number<std::int64_t>();
  record.first_entry = reader.number<std::uint64_t>();
  sizes.entries = reader.number<std::uint32_t>();
  sizes.stored_bytes = reader.number<std::uint64_t>();
  sizes.raw_bytes = reader.number<std::uint64_t>();
  const std::string_view author = reader.text();
  if (author.size() > kMaxAuthorBytes || !reader.empty()) damaged("its header has an impossible length");
  record.author = author;
  return record;
}

Record decode(std::string_view bytes) {
  base::ByteReader reader(bytes);
  if (reader.raw(kMagic.size()) != kMagic) damaged("it does not begin as a log record");
  const auto version = reader.number<std::uint32_t>();
  if (version > kRecordVersion) {
    throw std::runtime_error("the log record has format version " + std::to_string(version) +
                             ", this node reads up to " + std::to_string(kRecordVersion) + ": upgrade it");
  }
  if (version != kRecordVersion) damaged("format version " + std::to_string(version) + " never existed");
  const std::string_view header = reader.text();
  const std::string_view checked = bytes.substr(0, bytes.size() - reader.rest().size());
  if (reader.number<std::uint32_t>() != base::crc32c(checked)) damaged("checksum of the header");
  Sizes sizes;
  Record record = decode_header(header, sizes);
  const std::string_view stored = reader.raw(sizes.stored_bytes);
  if (reader.number<std::uint32_t>() != base::crc32c(stored)) damaged("checksum of the body");
  const std::string_view hashed = bytes.substr(0, bytes.size() - reader.rest().size());
  if (reader.raw(kHashBytes) != view(base::sha256(hashed))) damaged("SHA-256");
  if (!reader.empty()) damaged("bytes follow its end");
  record.entries = split(decompress(stored, sizes.raw_bytes), sizes.entries);
  return record;
}

}  // namespace

std::string encode_record(const Record& record) {
  const std::string raw = join(record.entries);
  const std::string stored = compress(raw);
  const std::string header =
      encode_header(record, {static_cast<std::uint32_t>(record.entries.size()), stored.size(), raw.size()});
  std::string bytes;
  bytes.reserve(kMagic.size() + header.size() + stored.size() + kHashBytes + 16);
  base::ByteWriter writer(bytes);
  writer.raw(kMagic);
  writer.number(kRecordVersion);
  writer.text(header);
  writer.number(base::crc32c(bytes));
  writer.raw(stored);
  writer.number(base::crc32c(stored));
  writer.raw(view(base::sha256(bytes)));
  return bytes;
}

Record decode_record(std::string_view bytes) {
  try {
    return decode(bytes);
  } catch (const base::MalformedBytes& error) {
    damaged(error.what());
  }
}

base::Sha256 record_hash(std::string_view bytes) {
  if (bytes.size() < kHashBytes) damaged("it is shorter than its hash");
  return hash_from(bytes.substr(bytes.size() - kHashBytes));
}

std::string record_key(std::uint64_t epoch, std::uint64_t seq) {
  return "log/" + std::to_string(epoch) + "/" + std::to_string(seq);
}

}  // namespace questnode::replication
