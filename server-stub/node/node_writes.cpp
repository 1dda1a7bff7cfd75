// The node's writing side: from a request to an entry in the WAL to an answer.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/kill_point.hpp"
#include "node/node.hpp"

namespace questnode::node {
namespace {

constexpr std::size_t kReplayBytes = 8 << 20;
/// What was done to a table should be seen by the next query; a store that is away must not hold up the
/// answer.
constexpr std::chrono::seconds kPatience{2};

std::string contradiction(const engine::WriteRequest& request, std::size_t body_bytes) {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  for (const base::FramePart& part : request.delivery->parts) {
    rows += part.rows;
    bytes += part.bytes;
  }
  if (rows == request.rows && bytes == body_bytes) return {};
  return "the header " + std::string(base::header::kFrames) + " speaks of " + std::to_string(rows) +
         " rows in " + std::to_string(bytes) + " bytes, the body holds " + std::to_string(request.rows) +
         " rows in " + std::to_string(body_bytes) + " bytes";
}

}  // namespace

engine::ClusterState Node::state_at_wal_end() {
  engine::ClusterState state = tables_->state();
  while (state.number() < wal_->last()) {
    const auto entries = wal_->read(state.number() + 1, wal_->last(), kReplayBytes);
    if (entries.empty()) throw std::runtime_error("the write-ahead log ends before its last entry");
    for (const std::string& bytes : entries) {
      const engine::Entry entry = engine::decode_entry(bytes);
      state.apply(entry);
      if (entry.token && entry.number > through_) {
        tokens_->appended(entry.number, entry.token->stream, entry.token->after);
      }
    }
  }
  return state;
}

// REQUIRES: write_mutex_.
bool Node::ready_to_sequence() {
  if (!writable_) return false;
  if (!sequencer_) {
    tokens_->drop_ahead();
    sequencer_.emplace(state_at_wal_end(), creation_policy());
  }
  return true;
}

WriteAnswer Node::closed_answer() const {
  WriteAnswer answer;
  answer.kind = WriteAnswer::Kind::not_writable;
  answer.commit = position();
  answer.message = config_.name + " takes no writes: " + refusal();
  return answer;
}

/// `ever`: once others are done, there is room.
WriteAnswer Node::no_room_answer(bool ever) {
  WriteAnswer answer;
  answer.kind = ever ? WriteAnswer::Kind::overloaded : WriteAnswer::Kind::too_large;
  answer.message = ever ? "too many bytes of requests are being handled: try again later"
                        : "the rows take more memory than questnode.requests.max.bytes allows: send fewer of "
                          "them in a request";
  return answer;
}

void Node::write(WriteCall call, WriteDone done) {
  if (!writable_) return done(closed_answer());
  const std::int64_t wall = parts_.clock.wall_nanos();
  base::ByteCharge held(parts_.memory);
  auto parsed =
      ilp::parse(call.body, call.precision, wall, [&held](std::size_t bytes) { return held.set(bytes); });
  if (const auto* const rows = std::get_if<ilp::NoRoom>(&parsed)) {
    return done(no_room_answer(held.fits_alone(call.body.size() + rows->bytes)));
  }
  if (auto* const error = std::get_if<ilp::ParseError>(&parsed)) {
    return refuse(std::move(error->message), error->line, call.delivery, std::move(done));
  }
  auto& request = std::get<engine::WriteRequest>(parsed);
  request.delivery = std::move(call.delivery);
  if (request.delivery) {
    if (std::string why = contradiction(request, call.body.size()); !why.empty()) {
      return refuse(std::move(why), 0, request.delivery, std::move(done));
    }
  }
  answer(sequence(std::move(request), wall), std::move(done));
}

Node::Pending Node::sequence(engine::WriteRequest request, std::int64_t wall_nanos) {
  Pending pending;
  const std::optional<engine::Delivery> delivery = request.delivery;
  if (delivery) pending.stream = delivery->stream.stream;
  std::lock_guard lock(write_mutex_);
  if (!ready_to_sequence()) {
    pending.answer.kind = WriteAnswer::Kind::not_writable;
  } else if (sequencer_->state().number() >= through_ + config_.max_entries_ahead_of_log) {
    pending.answer.kind = WriteAnswer::Kind::overloaded;
    pending.answer.message = "too many requests wait for the object store: try again later";
  } else {
    pending.answer = admit(sequencer_->write(std::move(request), wall_nanos), delivery);
    pending.generation = commit_->generation();
  }
  return pending;
}

void Node::create_table(const engine::TableRequest& request, WriteDone done) {
  change_catalog([&](std::int64_t wall_nanos) { return sequencer_->create_table(request, wall_nanos); },
                 std::move(done));
}

void Node::rename_table(const engine::RenameRequest& request, WriteDone done) {
  change_catalog([&](std::int64_t wall_nanos) { return sequencer_->rename_table(request, wall_nanos); },
                 std::move(done));
}

void Node::change_catalog(const std::function<engine::Admission(std::int64_t)>& change, WriteDone done) {
  Pending pending;
  {
    std::lock_guard lock(write_mutex_);
    if (ready_to_sequence()) {
      pending.answer = admit(change(parts_.clock.wall_nanos()), std::nullopt);
      pending.generation = commit_->generation();
    } else {
      pending.answer.kind = WriteAnswer::Kind::not_writable;
    }
  }
  answer(std::move(pending), [this, done = std::move(done)](WriteAnswer committed) {
    if (committed.kind != WriteAnswer::Kind::committed) return done(std::move(committed));
    const std::uint64_t number = committed.commit.number;
    when_applied(number, kPatience, [done, committed = std::move(committed)](bool) { done(committed); });
  });
}

// REQUIRES: write_mutex_. An append that failed leaves the sequencer ahead of the WAL: it is built anew.
WriteAnswer Node::admit(engine::Admission admission, const std::optional<engine::Delivery>& delivery) {
  using Outcome = engine::Admission::Outcome;
  WriteAnswer result;
  result.acked = admission.token;
  result.message = std::move(admission.message);
  result.line = admission.line;
  result.commit = {epoch_, sequencer_->state().number()};
  switch (admission.outcome) {
    case Outcome::gap:
      result.kind = WriteAnswer::Kind::gap;
      return result;
    case Outcome::unknown_stream:
      result.kind = WriteAnswer::Kind::unknown_stream;
      return result;
    case Outcome::refused:
      result.kind = WriteAnswer::Kind::refused;
      return result;
    case Outcome::too_large:
      result.kind = WriteAnswer::Kind::too_large;
      return result;
    case Outcome::duplicate:
      result.kind = WriteAnswer::Kind::committed;
      return result;
    case Outcome::committed:
      break;
  }
  try {
    wal_->append(admission.number, std::move(admission.entry));
  } catch (const std::exception& error) {
    sequencer_.reset();
    spdlog::error("the write-ahead log cannot be written: {}", error.what());
    result = {};
    result.message = std::string("the write-ahead log cannot be written: ") + error.what();
    return result;
  }
  result.kind = WriteAnswer::Kind::committed;
  if (delivery && admission.token) {
    tokens_->appended(admission.number, delivery->stream.stream, *admission.token);
  }
  commit_->appended(admission.number);
  return result;
}

void Node::refuse(std::string message, std::uint32_t line, const std::optional<engine::Delivery>& delivery,
                  WriteDone done) {
  Pending pending;
  pending.answer.kind = WriteAnswer::Kind::refused;
  pending.answer.message = std::move(message);
  pending.answer.line = line;
  pending.answer.commit = {epoch_, 0};
  {
    std::lock_guard lock(write_mutex_);
    pending.generation = commit_->generation();
    if (sequencer_) pending.answer.commit.number = sequencer_->state().number();
    if (delivery) {
      pending.stream = delivery->stream.stream;
      if (sequencer_) pending.answer.acked = sequencer_->state().token(*pending.stream);
    }
  }
  answer(std::move(pending), std::move(done));
}

// Whatever an answer tells must be synced: a refusal's token and the rows that a duplicate repeats included.
void Node::answer(Pending pending, WriteDone done) {
  using Kind = WriteAnswer::Kind;
  const Kind kind = pending.answer.kind;
  if (kind == Kind::not_writable) return done(closed_answer());
  if (kind == Kind::failed || kind == Kind::overloaded) return done(std::move(pending.answer));
  const std::uint64_t number = pending.answer.commit.number;
  const std::uint64_t generation = pending.generation;
  auto finish = [this, pending = std::move(pending), done = std::move(done)](bool committed) mutable {
    if (!committed) return done(closed_answer());
    base::kill_point("node.before_answer");
    if (pending.stream) pending.answer.durable = tokens_->durable(*pending.stream);
    done(std::move(pending.answer));
  };
  commit_->when_committed(number, generation, std::move(finish));
}

}  // namespace questnode::node
