#include "buffer/pending_append.hpp"

#include <string>

#include <questclient/error.hpp>

#include "buffer/cipher.hpp"
#include "buffer/frame_codec.hpp"

namespace questclient::buffer {

void check_rows(std::string_view payload, std::span<const std::uint32_t> row_lengths) {
  std::uint64_t total = 0;
  for (const std::uint32_t length : row_lengths) total += length;
  if (row_lengths.empty() || total != payload.size())
    throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
                "A frame of " + std::to_string(row_lengths.size()) + " rows with " + std::to_string(total) +
                    " bytes cannot have a payload of " + std::to_string(payload.size()) +
                    ": pass the lengths of exactly the rows in the payload, at least one.");
}

void check_append(const AppendRows& rows) {
  if (rows.position && rows.position->size() > kMaxPositionBytes)
    throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
                "A position of " + std::to_string(rows.position->size()) + " bytes is longer than " +
                    std::to_string(kMaxPositionBytes) +
                    ": store the long part elsewhere and a reference to it here.");
  const bool position_alone = rows.position && rows.payload.empty() && rows.row_lengths.empty();
  if (!position_alone) check_rows(rows.payload, rows.row_lengths);
}

void check_append(const LaterRows& rows) {
  check_append(AppendRows{rows.payload, rows.row_lengths,
                          rows.position ? std::optional<std::string_view>(*rows.position) : std::nullopt});
}

PendingAppend prepare_append(std::string payload, std::vector<std::uint32_t> row_lengths,
                             std::optional<std::string> position, std::int64_t wall_nanos) {
  PendingAppend append;
  append.stored.position = std::move(position);
  std::uint64_t content = append.stored.position ? append.stored.position->size() + kSealBytes : 0;
  if (!row_lengths.empty()) {
    append.stored.row_lengths = encode_row_lengths(row_lengths);
    append.stored.content_crc = content_crc(payload, append.stored.row_lengths);
    append.stored.frame = std::make_shared<base::Frame>();
    append.stored.frame->payload = std::move(payload);
    append.stored.frame->row_lengths = std::move(row_lengths);
    append.stored.frame->flushed_wall_nanos = wall_nanos;
    content += append.stored.frame->payload.size() + append.stored.row_lengths.size() + kSealBytes;
  }
  // Whole pages with their headers in the log, and the pages of the tree that change beside them.
  append.cost = (content / (kPageBytes - 8) + 3) * (kPageBytes + kLogFrameHeaderBytes);
  return append;
}

}  // namespace questclient::buffer
