#include "replication/record.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "base/random.hpp"

namespace questnode::replication {
namespace {

Record sample() {
  base::SeededRandom random(1);
  Record record;
  record.kind = RecordKind::data;
  record.cluster = base::Uuid::random(random);
  record.epoch = 3;
  record.seq = 17;
  record.nonce = base::Uuid::random(random);
  record.author = "node-a";
  record.parent = base::sha256("parent");
  record.clock = 1'700'000'000'000'000'000;
  record.first_entry = 42;
  record.entries = {"first", "", std::string(1000, 'x'), std::string("\0\n", 2)};
  return record;
}

void expect_equal(const Record& a, const Record& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.cluster, b.cluster);
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.seq, b.seq);
  EXPECT_EQ(a.nonce, b.nonce);
  EXPECT_EQ(a.author, b.author);
  EXPECT_EQ(a.sealed_by, b.sealed_by);
  EXPECT_EQ(a.parent, b.parent);
  EXPECT_EQ(a.clock, b.clock);
  EXPECT_EQ(a.first_entry, b.first_entry);
  EXPECT_EQ(a.entries, b.entries);
}

std::string error_of(std::string_view bytes) {
  try {
    decode_record(bytes);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "decoded";
}

/// The same bytes with correct checksums again, as an enemy would send them.
std::string with_checksums(std::string bytes) {
  std::uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data() + 12, sizeof header_bytes);
  const std::size_t header_end = 16 + header_bytes;
  const std::size_t body_begin = header_end + 4;
  const std::size_t body_end = bytes.size() - 36;
  base::ByteWriter writer(bytes);
  writer.patch(header_end, base::crc32c(std::string_view(bytes).substr(0, header_end)));
  writer.patch(body_end, base::crc32c(std::string_view(bytes).substr(body_begin, body_end - body_begin)));
  const base::Sha256 hash = base::sha256(std::string_view(bytes).substr(0, body_end + 4));
  std::memcpy(bytes.data() + body_end + 4, hash.data(), hash.size());
  return bytes;
}

// Offsets of the header's numbers (record.cpp).
constexpr std::size_t kEntryCount = 16 + 1 + 16 + 8 + 8 + 16 + 8 + 32 + 8 + 8;
constexpr std::size_t kStoredBytes = kEntryCount + 4;
constexpr std::size_t kRawBytes = kStoredBytes + 8;

template <class T>
std::string forged(std::size_t offset, T value) {
  std::string bytes = encode_record(sample());
  base::ByteWriter(bytes).patch(offset, value);
  return with_checksums(std::move(bytes));
}

TEST(Record, IsReadBackAsItWasWritten) {
  for (const RecordKind kind : {RecordKind::data, RecordKind::head, RecordKind::seal}) {
    Record record = sample();
    record.kind = kind;
    record.sealed_by = kind == RecordKind::seal ? 9 : 0;
    if (kind != RecordKind::data) record.entries.clear();
    expect_equal(decode_record(encode_record(record)), record);
  }
}

TEST(Record, ManyEntriesAreCompressed) {
  Record record = sample();
  record.entries.assign(5000, "trades,symbol=ETH-USD price=2615.54");
  const std::string bytes = encode_record(record);
  EXPECT_LT(bytes.size(), 20'000U);
  expect_equal(decode_record(bytes), record);
}

TEST(Record, SameRecordGivesTheSameBytesAndHash) {
  EXPECT_EQ(encode_record(sample()), encode_record(sample()));
  Record other = sample();
  other.clock += 1;
  EXPECT_NE(record_hash(encode_record(sample())), record_hash(encode_record(other)));
}

TEST(Record, EveryFlippedBitIsNoticed) {
  const std::string bytes = encode_record(sample());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << bit));
      ASSERT_NE(error_of(damaged), "decoded") << "byte " << at << " bit " << bit;
    }
  }
}

TEST(Record, EveryTruncationAndEveryAdditionIsNoticed) {
  const std::string bytes = encode_record(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_NE(error_of(std::string_view(bytes).substr(0, length)), "decoded") << length;
  }
  EXPECT_NE(error_of(bytes + "x").find("bytes follow its end"), std::string::npos);
}

TEST(Record, NewerVersionIsRefusedByName) {
  EXPECT_NE(error_of(forged(8, std::uint32_t{2})).find("format version 2"), std::string::npos);
}

TEST(Record, ForgedSizesAreRefusedBeforeAnythingIsAllocated) {
  EXPECT_NE(error_of(forged(kRawBytes, std::uint64_t{1} << 60)).find("declares a body"), std::string::npos);
  EXPECT_NE(error_of(forged(kRawBytes, std::uint64_t{400} << 20)).find("declared size"), std::string::npos);
  EXPECT_NE(error_of(forged(kEntryCount, std::uint32_t{0xFFFFFFFF})).find("more entries"), std::string::npos);
  EXPECT_NE(error_of(forged(kEntryCount, std::uint32_t{3})).find("follow its last entry"), std::string::npos);
  EXPECT_NE(error_of(forged(kStoredBytes, std::uint64_t{1} << 40)).find("end too early"), std::string::npos);
  EXPECT_NE(error_of(forged(16, std::uint8_t{9})).find("kind 9"), std::string::npos);
}

TEST(Record, RandomBytesWithCorrectChecksumsNeverCrash) {
  base::SeededRandom random(2);
  const std::string bytes = encode_record(sample());
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string forgery = bytes;
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t change = 0; change < changes; ++change) {
      forgery[16 + random.below(forgery.size() - 16)] = static_cast<char>(random.below(256));
    }
    if (error_of(with_checksums(std::move(forgery))) != "decoded") ++refused;
  }
  EXPECT_GT(refused, 500);
}

TEST(Record, KeysAreWhereTheProtocolPutsThem) {
  EXPECT_EQ(record_key(3, 17), "log/3/17");
  EXPECT_EQ(claim_key(3), "ctl/3");
}

Claim sample_claim() {
  base::SeededRandom random(3);
  return {base::Uuid::random(random), 7, base::Uuid::random(random), "node-\"ä\"", "host-a:9000"};
}

TEST(Claim, IsReadBackAndReadableForPeople) {
  const std::string bytes = encode_claim(sample_claim());
  const Claim claim = decode_claim(bytes);
  EXPECT_EQ(claim.cluster, sample_claim().cluster);
  EXPECT_EQ(claim.epoch, 7U);
  EXPECT_EQ(claim.nonce, sample_claim().nonce);
  EXPECT_EQ(claim.node, sample_claim().node);
  EXPECT_EQ(claim.address, "host-a:9000");
  EXPECT_NE(bytes.find("\"epoch\": 7"), std::string::npos);
}

TEST(Claim, DamageNeverChangesWhatItSays) {
  const std::string bytes = encode_claim(sample_claim());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at + 2 < bytes.size()) {  // Without its last line break it is still whole.
      EXPECT_THROW(decode_claim(std::string_view(bytes).substr(0, at)), std::runtime_error) << at;
    }
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << bit));
      try {
        const Claim claim = decode_claim(damaged);
        ASSERT_EQ(encode_claim(claim), bytes) << "byte " << at << " bit " << bit;
      } catch (const std::runtime_error&) {
      }
    }
  }
}

TEST(Claim, HostileJsonIsRefused) {
  for (const std::string& bytes :
       {std::string("[]"), std::string("{}"), std::string("null"), std::string(100'000, '['),
        "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}", std::string(1 << 20, ' ')}) {
    EXPECT_THROW(decode_claim(bytes), std::runtime_error);
    EXPECT_THROW(decode_format(bytes), std::runtime_error);
  }
  EXPECT_THROW(decode_claim(encode_format(sample_claim().cluster)), std::runtime_error);
}

TEST(Claim, NamesThatAreNotTextAreRefused) {
  Claim claim = sample_claim();
  claim.node = "\xff\xfe";
  EXPECT_THROW(encode_claim(claim), std::runtime_error);
}

TEST(Format, NamesTheCluster) {
  EXPECT_EQ(decode_format(encode_format(sample_claim().cluster)), sample_claim().cluster);
}

}  // namespace
}  // namespace questnode::replication
