#include "sender/sender_options.hpp"

#include <filesystem>

#include <questclient/error.hpp>
#include <questclient/slot.hpp>

#include "base/aes_gcm.hpp"
#include "config/consistency.hpp"
#include "net/authorization.hpp"

namespace questclient::sender {

namespace {

std::string key_of(const Options& options) {
  if (!options.sf_key.empty()) return read_slot_key(options.sf_key);
  if (!options.sf_key_provider) return {};
  std::string key = options.sf_key_provider();
  if (key.size() != base::kAesKeyBytes) {
    throw Error(ErrorCode::slot_key, Disposition::fix_and_resend,
                "sf_key_provider gave " + std::to_string(key.size()) + " bytes; a key has " +
                    std::to_string(base::kAesKeyBytes) + ".");
  }
  return key;
}

}  // namespace

LineBuffer::Options buffer_options(const Options& options) {
  LineBuffer::Options result;
  result.version = static_cast<ProtocolVersion>(options.line_version());
  result.initial_size = options.init_buf_size;
  result.max_size = options.max_buf_size;
  result.max_name_len = options.max_name_len;
  return result;
}

buffer::SlotOptions slot_options(const Options& options) {
  buffer::SlotOptions result;
  // Absolute: drainers look for orphans there long after, and the process may have changed its directory.
  if (!options.sf_dir.empty()) result.sf_dir = std::filesystem::absolute(options.sf_dir).string();
  result.sender_id = options.sender_id;
  result.max_segment_bytes = options.sf_max_segment_bytes;
  result.max_total_bytes = config::slot_quota(options);
  result.max_memory_bytes = options.sf_max_memory_bytes;
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
  if (!is_tcp(options.transport)) {
    result.authorization = net::authorization_header(options.username, options.password, options.token);
  }
  return result;
}

}  // namespace questclient::sender
