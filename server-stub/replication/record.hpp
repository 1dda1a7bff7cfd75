// Log records: what stands in the object store under log/<epoch>/<seq>.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"
#include "base/uuid.hpp"
#include "namespace.hpp"

namespace questnode::replication {

enum class RecordKind : std::uint8_t {
  head = 1,  ///< First of an epoch: names its parent.
  data = 2,
  seal = 3,  ///< Nothing of this epoch counts at or after it. Written by the next epoch's claimant.
};

struct Record {
  RecordKind kind = RecordKind::data;
  base::Uuid cluster;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  base::Uuid nonce;             ///< Tells our attempt from another's.
  std::string author;           ///< Node name.
  std::uint64_t sealed_by = 0;  ///< seal: the epoch of the claimant.
  base::Sha256
      parent{};  ///< Of the previous record's bytes (head: the last record before the seal; zero at first).
  std::int64_t clock = 0;            ///< Hybrid logical clock, nanoseconds; only grows along the log.
  std::uint64_t first_entry = 0;     ///< Number of the first entry carried.
  std::vector<std::string> entries;  ///< Encoded engine entries, consecutive.

  std::uint64_t last_entry() const { return first_entry + entries.size() - 1; }
};

/// Magic, format version, header, zstd level 1 body, CRC-32C of each, SHA-256 of all.
/// Throws std::runtime_error when the entries are larger than a record may be (kMaxBodyBytes).
std::string encode_record(const Record& record);
/// Throws std::runtime_error: what is damaged, or which newer version it has.
Record decode_record(std::string_view bytes);
/// The SHA-256 that the record ends with, which covers everything before it.
/// REQUIRES: bytes that encode_record returned or decode_record accepted.
base::Sha256 record_hash(std::string_view bytes);

/// Of all entries of one record, before compression; a record that declares more is refused unread.
inline constexpr std::uint64_t kMaxBodyBytes = 512ULL << 20;

std::string claim_key(std::uint64_t epoch);                      ///< ctl/<epoch>
std::string record_key(std::uint64_t epoch, std::uint64_t seq);  ///< log/<epoch>/<seq>

/// The object under ctl/<epoch>.
struct Claim {
  base::Uuid cluster;
  std::uint64_t epoch = 0;
  base::Uuid nonce;
  std::string node;
  std::string address;  ///< Where its HTTP is reached: "host:port".
};
/// JSON for people, with a SHA-256 of its fields. Decoding throws std::runtime_error as decode_record does.
std::string encode_claim(const Claim& claim);
Claim decode_claim(std::string_view bytes);

/// The object FORMAT: whose store this is. Encoded as a claim is.
inline constexpr const char* kFormatKey = "FORMAT";
std::string encode_format(const base::Uuid& cluster);
base::Uuid decode_format(std::string_view bytes);

}  // namespace questnode::replication
