#include "node/line_writer.hpp"

#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

#include "ilp/line_splitter.hpp"

namespace questnode::node {
namespace {

using front::AfterCommit;

/// What a connection may always have in front of a commit.
constexpr std::size_t kAlwaysTaken = 2 << 20;

/// Lines that are on their way into the node.
struct Batch {
  std::string body;
  base::ByteCharge held;
  bool refused = false;  ///< A line of it was bad: what stood before is kept, then the connection ends.
  bool over = false;     ///< Nothing of it is left to commit.
};

void write_batch(Node& node, const std::shared_ptr<Batch>& batch,
                 const std::function<void(AfterCommit)>& done);

/// A bad line is cut off with all that follows, until the rest is taken whole.
void batch_answered(Node& node, const std::shared_ptr<Batch>& batch, const WriteAnswer& answer,
                    const std::function<void(AfterCommit)>& done) {
  using Kind = WriteAnswer::Kind;
  if (answer.kind == Kind::overloaded) return done(AfterCommit::again);
  if (answer.kind == Kind::refused && answer.line > 1) {
    batch->refused = true;
    batch->body.resize(ilp::offset_of_line(batch->body, answer.line));
    return write_batch(node, batch, done);
  }
  batch->over = true;
  batch->body = {};
  batch->held.set(0);
  const bool kept = answer.kind == Kind::committed && !batch->refused;
  done(kept ? AfterCommit::go_on : AfterCommit::close);
}

/// On a thread of the front or, for the rest of a batch, of the node: neither may see an exception. There is
/// no 500 over TCP; the connection ends.
void write_batch(Node& node, const std::shared_ptr<Batch>& batch,
                 const std::function<void(AfterCommit)>& done) {
  try {
    node.write(
        {.body = batch->body, .precision = ilp::Precision::nanos, .delivery = std::nullopt},
        [&node, batch, done](const WriteAnswer& answer) { batch_answered(node, batch, answer, done); });
  } catch (const std::exception& error) {
    spdlog::error("rows that came over TCP could not be written: {}", error.what());
    WriteAnswer failed;
    failed.kind = WriteAnswer::Kind::failed;
    batch_answered(node, batch, failed, done);
  }
}

class Consumer final : public front::LineConsumer {
 public:
  Consumer(Node& node, std::optional<LineLogin> login, std::size_t max_buffer_bytes, base::ByteCharge held)
      : node_(node), login_(std::move(login)), max_buffer_bytes_(max_buffer_bytes), held_(std::move(held)) {}

  bool logged_in() const override { return !login_ || login_->state() == LineLogin::State::accepted; }

  std::optional<std::string> receive(std::string_view bytes) override {
    std::string reply;
    while (!logged_in() && !bytes.empty()) {
      reply += login_->take(bytes);
      if (login_->state() == LineLogin::State::refused) return std::nullopt;
    }
    buffer_ += bytes;
    while (seen_ < buffer_.size()) {
      seen_ += splitter_.take(std::string_view(buffer_).substr(seen_));
      if (splitter_.between_lines()) complete_ = seen_;
    }
    if (buffer_.size() - complete_ > max_buffer_bytes_) return std::nullopt;
    if (!held_.set(buffer_.size()) && buffer_.size() > kAlwaysTaken) return std::nullopt;
    return reply;
  }

  std::size_t committable() const override {
    return complete_ + (batch_ && !batch_->over ? batch_->body.size() : 0);
  }

  void commit(std::function<void(AfterCommit)> done) override {
    if (!batch_ || batch_->over) {
      batch_ = std::make_shared<Batch>();
      std::string rest = buffer_.substr(complete_);
      buffer_.resize(complete_);
      batch_->body = std::exchange(buffer_, std::move(rest));
      batch_->held = std::move(held_);
      held_.set(buffer_.size());
      seen_ -= complete_;
      complete_ = 0;
    }
    write_batch(node_, batch_, done);
  }

 private:
  Node& node_;
  std::optional<LineLogin> login_;
  const std::size_t max_buffer_bytes_;
  base::ByteCharge held_;  ///< For the buffer.
  std::string buffer_;
  std::size_t seen_ = 0;      ///< Of the buffer: what the splitter has.
  std::size_t complete_ = 0;  ///< Of the buffer: whole lines.
  ilp::LineSplitter splitter_;
  std::shared_ptr<Batch> batch_;
};

}  // namespace

LineWriter::LineWriter(Node& node, base::RandomSource& random, std::optional<LineKeys> keys,
                       std::size_t max_buffer_bytes, std::shared_ptr<base::ByteBudget> memory)
    : node_(node),
      random_(random),
      keys_(std::move(keys)),
      max_buffer_bytes_(max_buffer_bytes),
      memory_(std::move(memory)) {}

std::unique_ptr<front::LineConsumer> LineWriter::open() {
  std::optional<LineLogin> login;
  if (keys_) login.emplace(*keys_, random_);
  return std::make_unique<Consumer>(node_, std::move(login), max_buffer_bytes_, base::ByteCharge(memory_));
}

}  // namespace questnode::node
