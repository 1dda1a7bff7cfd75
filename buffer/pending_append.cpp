#include "buffer/pending_append.hpp"

#include <string>

#include <questclient/error.hpp>

#include "buffer/frame_codec.hpp"

namespace questclient::buffer {
namespace {

constexpr std::uint64_t kPageBytes = 8192;

}  // namespace

void check_rows(std::string_view payload, std::span<const std::uint32_t> row_lengths) {
  std::uint64_t total = 0;
  for (const std::uint32_t length : row_lengths) total += length;
  if (row_lengths.empty() || total != payload.size())
    throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
                "A frame of " + std::to_string(row_lengths.size()) + " rows with " + std::to_string(total) +
                    " bytes cannot have a payload of " + std::to_string(payload.size()) +
                    ": pass the lengths of exactly the rows in the payload, at least one.");
}

PendingAppend prepare_append(std::string_view payload, std::span<const std::uint32_t> row_lengths,
                             std::int64_t wall_nanos) {
  check_rows(payload, row_lengths);
  PendingAppend append;
  append.stored.row_lengths = encode_row_lengths(row_lengths);
  append.stored.content_crc = content_crc(payload, append.stored.row_lengths);
  append.stored.frame = std::make_shared<base::Frame>();
  append.stored.frame->payload = payload;
  append.stored.frame->row_lengths.assign(row_lengths.begin(), row_lengths.end());
  append.stored.frame->flushed_wall_nanos = wall_nanos;
  // Whole pages with their headers in the log, and the pages of the tree that change beside them.
  const std::uint64_t content = payload.size() + append.stored.row_lengths.size();
  append.cost = (content / (kPageBytes - 8) + 3) * (kPageBytes + 24);
  return append;
}

}  // namespace questclient::buffer
