#include "sender/slot_cursor.hpp"

#include <algorithm>

#include "base/kill_point.hpp"

namespace questclient::sender {
namespace {

// How much is read at once while looking for the end of a stream that the server knows better than we do.
constexpr std::size_t kSkimBytes = 1 << 20;

std::size_t payload_bytes(const std::vector<base::FramePtr>& frames) {
  std::size_t bytes = 0;
  for (const base::FramePtr& frame : frames) bytes += frame->payload.size();
  return bytes;
}

}  // namespace

SlotCursor::SlotCursor(buffer::FrameStore& store, SenderMemory& memory) : store_(store), memory_(memory) {
  const auto oldest = store_.read(1, 1, 1);
  note(oldest);
  front_ = {oldest.empty() ? store_.end() : oldest.front()->fsn, 0};
  cursor_ = durable_ = durable_base_ = front_;
  trimmed_ = front_.fsn;
  for (const BuriedRows::Range& range : memory_.found(front_.fsn).given_up) buried_.add(range);
}

std::span<const base::FramePtr> SlotCursor::frames(std::size_t max_bytes) {
  if (cursor_.fsn < window_from_) window_.clear();
  const auto at_cursor = std::find_if(window_.begin(), window_.end(), [this](const base::FramePtr& frame) {
    return frame->fsn >= cursor_.fsn;
  });
  window_.erase(window_.begin(), at_cursor);
  window_from_ = cursor_.fsn;
  fill(cursor_.fsn, max_bytes);
  const auto other = std::find_if(window_.begin(), window_.end(), [this](const base::FramePtr& frame) {
    return frame->stream != window_.front()->stream;
  });
  return {window_.begin(), other};
}

void SlotCursor::look_ahead(base::Fsn from, std::size_t max_bytes) {
  if (!window_.empty() && window_from_ <= from && from <= window_.back()->fsn + 1) fill(from, max_bytes);
}

void SlotCursor::fill(base::Fsn from, std::size_t max_bytes) {
  std::size_t bytes = 0, frames = 0;
  for (const base::FramePtr& frame : window_) {
    if (frame->fsn < from) continue;
    bytes += frame->payload.size();
    ++frames;
  }
  while (bytes < max_bytes && frames < base::kMaxPartsPerRequest) {
    const base::Fsn next = window_.empty() ? from : window_.back()->fsn + 1;
    if (next >= store_.end()) return;
    const auto more = store_.read(next, max_bytes - bytes, base::kMaxPartsPerRequest - frames);
    if (more.empty()) return;
    note(more);
    bytes += payload_bytes(more);
    frames += more.size();
    window_.insert(window_.end(), more.begin(), more.end());
  }
}

std::optional<SlotCursor::Row> SlotCursor::row_behind(std::size_t skipped, std::size_t max_bytes) {
  fill(cursor_.fsn + 1, max_bytes);
  std::size_t count = 0;
  const auto find = [&](std::size_t index) -> std::optional<Row> {
    count = 0;
    for (const base::FramePtr& frame : window_) {
      std::uint32_t row = frame->fsn == cursor_.fsn ? cursor_.row + 1 : 0;
      for (; row < frame->rows(); ++row) {
        const bool taken_out = buried_.next_buried(frame->fsn, row, frame->rows()) == row;
        if (!taken_out && count++ == index) return Row{frame, row};
      }
    }
    return std::nullopt;
  };
  auto found = find(skipped);
  if (!found && count > 0) found = find(skipped % count);
  return found;
}

void SlotCursor::note(const std::vector<base::FramePtr>& frames) {
  if (frames.empty()) return;
  const base::Frame& first = *frames.front();
  StreamSpan* span = find(first.stream);
  if (span == nullptr) {
    StreamSpan fresh;
    fresh.stream = {first.stream, first.stream_first};
    fresh.begin = first.fsn;
    spans_.push_back(fresh);
    span = &spans_.back();
  }
  span->end = std::max(span->end, frames.back()->fsn + 1);
}

StreamSpan* SlotCursor::find(const base::Uuid& stream) {
  for (StreamSpan& span : spans_) {
    if (span.stream.stream == stream) return &span;
  }
  return nullptr;
}

StreamSpan& SlotCursor::span_of(const base::Frame& frame) {
  return *find(frame.stream);
}

StreamSpan* SlotCursor::awaiting_durable() {
  if (durable_ >= cursor_) return nullptr;
  for (StreamSpan& span : spans_) {
    if (durable_.fsn < span.end) return &span;
  }
  return nullptr;
}

void SlotCursor::restart() {
  cursor_ = buried_.skip(front_);
  for (StreamSpan& span : spans_) {
    span.known = false;
    span.token.reset();
  }
}

base::StreamPosition SlotCursor::locate(StreamSpan& span, base::StreamPosition token) {
  if (token.fsn < span.begin) return {span.begin, 0};
  while (token.fsn >= span.end) {
    const auto frames = store_.read(span.end, kSkimBytes, base::kMaxPartsPerRequest);
    if (frames.empty()) return {span.end, 0};
    note(frames);
    if (frames.front()->stream != span.stream.stream) return {frames.front()->fsn, 0};
  }
  return token;
}

void SlotCursor::set_token(StreamSpan& span, std::optional<base::StreamPosition> token) {
  span.known = true;
  span.token = token;
  const base::StreamPosition found = locate(span, token.value_or(base::StreamPosition{}));
  cursor_ = buried_.skip(std::max(found, base::StreamPosition{front_.fsn, 0}));
}

void SlotCursor::set_durable(StreamSpan& span, std::optional<base::StreamPosition> token) {
  if (token && (!span.durable || *span.durable < *token)) span.durable = token;
  advance_durable();
}

void SlotCursor::advance_durable() {
  walk_durable();
  if (durable_base_ < durable_) durable_fsn_ = std::max(durable_fsn_, durable_.fsn - 1);
}

void SlotCursor::walk_durable() {
  for (StreamSpan& span : spans_) {
    const bool last = &span == &spans_.back();
    if (durable_.fsn >= span.end && !last) continue;
    base::StreamPosition reached = std::max(durable_, base::StreamPosition{span.begin, 0});
    if (span.durable) {
      // The server may know more of the stream than the slot holds, and those numbers may be another's here.
      reached = std::max(reached, std::min(*span.durable, base::StreamPosition{span.end, 0}));
    }
    const base::StreamPosition behind_buried = buried_.skip(reached);
    // A frame that ends in buried rows stays until a later one of its stream has carried the token past them:
    // so a note on them is needed only where none follows.
    const bool carried_later = reached.fsn < behind_buried.fsn && behind_buried.fsn < span.end;
    reached = std::min(carried_later ? reached : behind_buried, cursor_);
    durable_ = std::max(durable_, reached);
    if (durable_.fsn < span.end) return;
  }
}

void SlotCursor::take_out(const base::Frame& frame, std::uint32_t first_row, std::uint32_t rows) {
  buried_.add(frame.fsn, first_row, rows, frame.rows());
  cursor_ = buried_.skip(cursor_);
  advance_durable();
}

void SlotCursor::give_up_below(base::Fsn end) {
  const base::StreamPosition at{end, 0};
  front_ = std::max(front_, at);
  trimmed_ = std::max(trimmed_, end);
  durable_base_ = std::max(durable_base_, at);
  durable_ = std::max(durable_, at);
  cursor_ = buried_.skip(std::max(cursor_, at));
}

void SlotCursor::settle(bool at_durable, const Capabilities& host) {
  front_ = std::max(front_, at_durable ? durable_ : cursor_);
  if (!host.tells_durable()) durable_ = durable_base_ = std::max(durable_, front_);
  if (front_.fsn <= trimmed_) return;
  forget_settled(host.has_tokens());
  // Once these frames are gone a later process could not tell their buried rows from lost ones.
  if (host.has_tokens()) memory_.keep_gaps(buried_.below({front_.fsn, 0}));
  base::kill_point("sender.before_trim");
  store_.trim(front_.fsn);
  trimmed_ = front_.fsn;
}

void SlotCursor::forget_settled(bool has_tokens) {
  base::Fsn below = std::min(front_.fsn, durable_.fsn);
  while (spans_.size() > 1 && spans_.front().end <= below) spans_.pop_front();
  for (const StreamSpan& span : spans_) {
    // A token that stopped at a buried row, or comes back to it over a failover, must still be explained.
    const auto token = span.durable ? span.durable : span.token;
    if (has_tokens) below = std::min(below, token ? token->fsn : span.begin);
  }
  buried_.forget_below(below);
}

}  // namespace questclient::sender
