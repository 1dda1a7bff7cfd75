// A slot in a vector and a script of answers, for tests of Core.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <questclient/error.hpp>

#include "base/random.hpp"
#include "buffer/frame_store.hpp"
#include "sender/core.hpp"

namespace questclient::sender {

using std::chrono::milliseconds;
using Kind = SenderEvent::Kind;

inline base::Uuid stream_uuid(std::uint8_t name) {
  base::Uuid id;
  id.bytes.fill(name);
  return id;
}

/// Rows are strings; a frame is a vector of them.
class VectorStore final : public buffer::FrameStore {
 public:
  explicit VectorStore(base::Fsn next = 1) : next_(next) { open(1); }

  /// A new opening of the slot: frames are numbered on, under another stream.
  void open(std::uint8_t name) {
    stream_ = stream_uuid(name);
    stream_first_ = next_;
  }
  base::Fsn append(const std::vector<std::string>& rows) {
    auto frame = std::make_shared<base::Frame>();
    frame->fsn = next_++;
    frame->stream = stream_;
    frame->stream_first = stream_first_;
    frame->flushed_wall_nanos = wall_nanos;
    for (const std::string& row : rows) {
      frame->payload += row;
      frame->row_lengths.push_back(static_cast<std::uint32_t>(row.size()));
    }
    frames.push_back(frame);
    return frame->fsn;
  }
  /// The newest frames are lost, as unsynced ones are by a power cut.
  void lose_tail(std::size_t count) {
    frames.resize(frames.size() - count);
    next_ -= count;
  }
  void lose(base::Fsn fsn) {
    std::erase_if(frames, [fsn](const base::FramePtr& frame) { return frame->fsn == fsn; });
  }

  std::vector<base::FramePtr> read(base::Fsn from, std::size_t max_bytes, std::size_t max_frames) override {
    if (broken) throw Error(ErrorCode::slot_io, Disposition::retrying, "the disk is on strike");
    ++reads;
    std::vector<base::FramePtr> result;
    std::size_t bytes = 0;
    for (const base::FramePtr& frame : frames) {
      if (frame->fsn < from) continue;
      bytes += frame->payload.size();
      const bool follows = result.empty() || (result.back()->stream == frame->stream &&
                                              result.back()->fsn + 1 == frame->fsn && bytes <= max_bytes);
      if (!follows || result.size() == max_frames) break;
      result.push_back(frame);
    }
    return result;
  }
  base::Fsn end() const override { return next_; }
  void trim(base::Fsn below) override {
    EXPECT_GE(below, trimmed_below);
    trimmed_below = below;
    std::erase_if(frames, [below](const base::FramePtr& frame) { return frame->fsn < below; });
  }
  void bury(const buffer::DeadLetter& letter) override {
    if (broken) throw Error(ErrorCode::slot_io, Disposition::retrying, "the disk is on strike");
    if (full) throw Error(ErrorCode::dead_letters_full, Disposition::retrying, "dead.db is at its quota");
    letters.push_back(letter);
  }
  void remember(std::string_view text) override {
    if (broken || forgetful) throw Error(ErrorCode::slot_io, Disposition::retrying, "the disk is on strike");
    note = text;
    ++notes;
  }
  std::string remembered() const override { return note; }

  std::vector<base::FramePtr> frames;
  std::vector<buffer::DeadLetter> letters;
  base::Fsn trimmed_below = 0;
  bool broken = false;
  bool full = false;       ///< The dead letters.
  bool forgetful = false;  ///< No note can be written.
  std::string note;
  std::size_t notes = 0;  ///< How many were written.
  std::size_t reads = 0;
  std::int64_t wall_nanos = 0;

 private:
  base::Fsn next_;
  base::Uuid stream_;
  base::Fsn stream_first_ = 1;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

inline const std::string kOwnDurable =
    R"({"config":{"questclient.delivery":1,"questclient.durable_ack":true,"accepting.writes":["http"]}})";
inline const std::string kOwnCommitted = R"({"config":{"questclient.delivery":1}})";
inline const std::string kPlain =
    R"({"config":{"accepting.writes":["http","tcp"],"line.proto.support.versions":[1,2,3]}})";

/// Plays the driver and the server by hand.
class Rig {
 public:
  explicit Rig(VectorStore& store, std::size_t hosts = 1, CoreOptions options = {}) : random_(1) {
    for (std::size_t index = 0; index < hosts; ++index) {
      options.hosts.push_back({std::string(1, static_cast<char>('a' + index)), 9000});
    }
    core = std::make_unique<Core>(options, store, random_);
  }

  void start() { take(core->start(now)); }
  void appended() { take(core->on_appended(now)); }
  void connected() { take(core->on_connected(connection, now)); }
  void answer(int status, Headers headers = {}, std::string body = {}) {
    net::HttpResponse response;
    response.status = status;
    response.headers = std::move(headers);
    response.body = std::move(body);
    request.reset();
    take(core->on_response(connection, response, now, wall_nanos));
  }
  void lose(net::NetError::Kind kind = net::NetError::Kind::reset, bool in_doubt = true) {
    request.reset();
    begun_.erase(connection);
    take(core->on_connection_lost(connection, {kind, in_doubt, "it broke"}, now));
  }
  /// What follows happens on the connection to `name`, begun last.
  void select(const std::string& name) {
    for (const auto& [id, address] : begun_) {
      if (address == name) connection = id;
    }
    host = name;
  }
  void resume() { take(core->resume(now)); }
  void token(const std::string& fresh) { take(core->on_token(fresh, now)); }
  void rows_dropped(base::Fsn first, base::Fsn end, std::uint64_t rows) {
    take(core->on_rows_dropped(first, end, rows, now));
  }
  void sleep_to_deadline() {
    ASSERT_NE(core->next_deadline(), base::Time::max());
    now = std::max(now, core->next_deadline());
    take(core->on_timer(now));
  }
  /// From nothing to the first question after /settings.
  void connect(const std::string& settings) {
    if (connection == 0) start();
    connected();
    ASSERT_TRUE(request);
    ASSERT_EQ(request->target, "/settings");
    answer(200, {{"X-Questclient-Commit", "1.1"}, {"X-QuestDB-Role", "PRIMARY"}}, settings);
  }
  /// An answer of our own server: committed and durable positions, empty ones left out.
  void own(int status, const std::string& acked, const std::string& durable = {}, std::uint64_t epoch = 1,
           std::string body = {}) {
    Headers headers{{"X-Questclient-Commit", std::to_string(epoch) + ".7"},
                    {"X-QWP-Durable-Ack", "enabled"},
                    {"X-QuestDB-Role", "PRIMARY"}};
    if (!acked.empty()) headers.emplace_back("X-Questclient-Acked", acked);
    if (!durable.empty()) headers.emplace_back("X-Questclient-Durable", durable);
    answer(status, headers, std::move(body));
  }

  std::string header(const std::string& name) const {
    for (const auto& [key, value] : request->headers) {
      if (key == name) return value;
    }
    return {};
  }
  std::string parts() const { return header("X-Questclient-Frames"); }
  std::string gap() const { return header("X-Questclient-Gap"); }
  bool is_write() const { return request && request->method == "POST"; }
  bool asks(const std::string& what) const { return request && request->target.starts_with(what); }
  /// Reports of the last event.
  std::vector<SenderEvent> reports(Kind kind) const {
    std::vector<SenderEvent> found;
    for (const Action& action : actions) {
      const Report* report = std::get_if<Report>(&action);
      if (report != nullptr && report->event.kind == kind) found.push_back(report->event);
    }
    return found;
  }

  std::unique_ptr<Core> core;
  base::Time now{std::chrono::seconds(1)};
  std::int64_t wall_nanos = 0;
  ConnectionId connection = 0;
  std::string host;  ///< Of the last Connect.
  std::optional<net::HttpRequest> request;
  milliseconds timeout{0};
  Progress progress;
  std::vector<Action> actions;
  std::size_t open_connections() const { return begun_.size(); }
  std::size_t connects = 0, disconnects = 0, tokens_asked = 0, look_aheads = 0;
  std::vector<Acknowledged> acknowledged;

 private:
  void take(std::vector<Action> taken) {
    actions = std::move(taken);
    for (const Action& action : actions) {
      if (const auto* connect = std::get_if<Connect>(&action)) {
        EXPECT_GT(connect->connection, connection);
        connection = connect->connection;
        host = connect->host.host;
        begun_[connection] = host;
        ++connects;
      } else if (const auto* send = std::get_if<Send>(&action)) {
        EXPECT_EQ(send->connection, connection);
        EXPECT_FALSE(request) << "one request at a time";
        EXPECT_TRUE(begun_.contains(send->connection)) << "a connection that is gone";
        request = send->request;
        timeout = send->timeout;
      } else if (const auto* reached = std::get_if<Progress>(&action)) {
        EXPECT_GE(reached->durable, progress.durable);
        progress = *reached;
      } else if (const auto* safe = std::get_if<Acknowledged>(&action)) {
        acknowledged.push_back(*safe);
      } else if (std::holds_alternative<AskToken>(action)) {
        ++tokens_asked;
      } else if (std::holds_alternative<LookAhead>(action)) {
        ++look_aheads;
      } else if (std::holds_alternative<Disconnect>(action)) {
        EXPECT_EQ(begun_.erase(std::get<Disconnect>(action).connection), 1U);
        if (std::get<Disconnect>(action).connection == connection) request.reset();
        ++disconnects;
      }
    }
  }

  base::SeededRandom random_;
  std::map<ConnectionId, std::string> begun_;  ///< And not ended.
};

}  // namespace questclient::sender
