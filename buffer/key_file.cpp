#include <fstream>
#include <optional>

#include <questclient/error.hpp>
#include <questclient/slot.hpp>

#include "base/aes_gcm.hpp"

namespace questclient {
namespace {

using base::kAesKeyBytes;

/// The key out of its digits, with or without a line end; nothing: it is something else.
std::optional<std::string> from_hex(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (text.size() != 2 * kAesKeyBytes) return std::nullopt;
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

}  // namespace

std::string read_slot_key(const std::filesystem::path& path) {
  if (from_hex(path.string())) {
    throw Error(
        ErrorCode::slot_key, Disposition::fix_and_resend,
        "What was given as the name of a key file is a key. Write the key into a file that only you can "
        "read, and name that.");
  }
  std::ifstream file(path, std::ios::binary);
  std::string bytes(4 * kAesKeyBytes, '\0');
  if (file) file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() == kAesKeyBytes) return bytes;
  if (auto key = from_hex(bytes)) return *std::move(key);
  throw Error(ErrorCode::slot_key, Disposition::fix_and_resend,
              "The key file " + path.string() + (file.is_open() ? " holds no key" : " cannot be read") +
                  ". A key is a file of 32 bytes, or of 64 hexadecimal digits.");
}

}  // namespace questclient
