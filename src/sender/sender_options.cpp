#include "sender/sender_options.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "net/authorization.hpp"

namespace questclient::sender {

namespace {

constexpr std::uint64_t kMemoryQuota = std::uint64_t{128} << 20;
constexpr std::uint64_t kDiskQuota = std::uint64_t{10} << 30;
constexpr std::size_t kKeyBytes = 32;

[[noreturn]] void refuse_key(const std::string& why) {
  throw Error(ErrorCode::slot_key, Disposition::fix_and_resend,
              why + " A key is a file of 32 bytes, or of 64 hexadecimal digits.");
}

/// 32 bytes out of 64 digits, with or without a line end; nothing: it is something else.
std::optional<std::string> from_hex(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (text.size() != 2 * kKeyBytes) return std::nullopt;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string key;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    key += static_cast<char>(high * 16 + low);
  }
  return key;
}

std::string read_key(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse_key("sf_key names " + path + ", which cannot be read.");
  std::string bytes(4 * kKeyBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() == kKeyBytes) return bytes;
  if (auto key = from_hex(bytes)) return *std::move(key);
  refuse_key("sf_key names " + path + ", which holds no key.");
}

std::string key_of(const Options& options) {
  if (!options.sf_key.empty()) return read_key(options.sf_key);
  if (!options.sf_key_provider) return {};
  std::string key = options.sf_key_provider();
  if (key.size() != kKeyBytes) {
    refuse_key("sf_key_provider gave " + std::to_string(key.size()) + " bytes instead of 32.");
  }
  return key;
}

ProtocolVersion version_of(const Options& options) {
  // A slot outlives its server, so the version is not negotiated: each is understood by every server since.
  const int version = options.protocol_version.value_or(is_tcp(options) ? 1 : 2);
  return static_cast<ProtocolVersion>(version);
}

}  // namespace

bool is_tcp(const Options& options) {
  return options.transport == Transport::tcp || options.transport == Transport::tcps;
}

LineBuffer::Options buffer_options(const Options& options) {
  LineBuffer::Options result;
  result.version = version_of(options);
  result.initial_size = options.init_buf_size;
  result.max_size = options.max_buf_size;
  result.max_name_len = options.max_name_len;
  return result;
}

buffer::SlotOptions slot_options(const Options& options) {
  buffer::SlotOptions result;
  result.sf_dir = options.sf_dir;
  result.sender_id = options.sender_id;
  result.max_segment_bytes = options.sf_max_segment_bytes;
  result.max_total_bytes =
      options.sf_max_total_bytes.value_or(options.sf_dir.empty() ? kMemoryQuota : kDiskQuota);
  result.max_dead_letter_bytes = options.sf_max_dead_letter_bytes;
  result.durability = options.sf_durability;
  result.sync_interval = options.sf_sync_interval_millis;
  result.append_deadline = options.sf_append_deadline_millis;
  result.overflow = options.sf_overflow;
  result.key = key_of(options);
  return result;
}

CoreOptions core_options(const Options& options, bool asks_for_tokens) {
  CoreOptions result = make_core_options(options);
  result.asks_for_tokens = asks_for_tokens;
  // Over TCP the credentials sign a challenge instead.
  if (!is_tcp(options)) {
    result.authorization = net::authorization_header(options.username, options.password, options.token);
  }
  return result;
}

}  // namespace questclient::sender
