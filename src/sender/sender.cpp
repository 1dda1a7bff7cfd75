#include <atomic>
#include <exception>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include <questclient/sender.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "buffer/slot.hpp"
#include "net/authorization.hpp"
#include "sender/core.hpp"
#include "sender/driver.hpp"
#include "sender/event_log.hpp"

namespace questclient {

namespace {

Options checked(Options options) {
  options.validate();
  if (options.transport != Transport::http) {
    throw Error(ErrorCode::config, Disposition::fix_and_resend,
                "The sender speaks http only. Begin the connect string with http::");
  }
  return options;
}

LineBuffer::Options buffer_options(const Options& options) {
  LineBuffer::Options result;
  result.version = options.protocol_version == 1 ? ProtocolVersion::v1 : ProtocolVersion::v2;
  result.initial_size = options.init_buf_size;
  result.max_size = options.max_buf_size;
  result.max_name_len = options.max_name_len;
  return result;
}

buffer::SlotOptions slot_options(const Options& options) {
  constexpr std::uint64_t kMemoryQuota = std::uint64_t{128} << 20;
  constexpr std::uint64_t kDiskQuota = std::uint64_t{10} << 30;
  buffer::SlotOptions result;
  result.sf_dir = options.sf_dir;
  result.sender_id = options.sender_id;
  result.max_segment_bytes = options.sf_max_segment_bytes;
  result.max_total_bytes =
      options.sf_max_total_bytes.value_or(options.sf_dir.empty() ? kMemoryQuota : kDiskQuota);
  result.durability = options.sf_durability;
  result.append_deadline = options.sf_append_deadline_millis;
  return result;
}

sender::CoreOptions core_options(const Options& options) {
  sender::CoreOptions result;
  result.hosts = options.addr;
  result.authorization = net::authorization_header(options.username, options.password, options.token);
  result.trim_at = options.request_durable_ack;
  result.connect_timeout = options.connect_timeout;
  result.request_timeout = options.request_timeout;
  result.request_min_throughput = options.request_min_throughput;
  result.initial_backoff = options.reconnect_initial_backoff_millis;
  result.max_backoff = options.reconnect_max_backoff_millis;
  result.durable_poll = options.durable_ack_keepalive_interval_millis;
  return result;
}

void check_lengths(std::string_view payload, std::span<const std::uint32_t> row_lengths) {
  std::uint64_t total = 0;
  bool empty_row = false;
  for (const std::uint32_t length : row_lengths) {
    total += length;
    empty_row = empty_row || length == 0;
  }
  if (total != payload.size() || empty_row) {
    throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
                "The row lengths do not describe the payload: they add up to " + std::to_string(total) +
                    " of " + std::to_string(payload.size()) + " bytes" + (empty_row ? ", and one is 0" : "") +
                    ". Give the bytes of each row, line end included.");
  }
}

}  // namespace

class Sender::Impl {
 public:
  Impl(const Options& given, Handlers handlers)
      : options_(checked(given)), buffer_(buffer_options(options_)) {
    buffer::SlotReport report;
    auto slot = buffer::Slot::open(slot_options(options_), clock_, random_, report);
    driver_.emplace(core_options(options_), std::move(slot), report, clock_, random_,
                    handlers.on_event ? std::move(handlers.on_event) : sender::log_event);
  }

  Fsn append(std::string_view payload, std::span<const std::uint32_t> row_lengths) {
    // Shared by appenders, taken whole by close(): no append is under way when the slot is released.
    const std::shared_lock lock(closing_);
    if (closed_) {
      throw Error(ErrorCode::closed, Disposition::terminal,
                  "The sender is closed. Open another one to send these rows.");
    }
    if (row_lengths.empty()) return 0;
    const Fsn fsn = driver_->append(payload, row_lengths);
    rows_flushed_ += row_lengths.size();
    bytes_flushed_ += payload.size();
    return fsn;
  }

  Fsn flush(LineBuffer& buffer) {
    const Fsn fsn = append(buffer.payload(), buffer.row_lengths());
    buffer.clear();
    return fsn;
  }

  void row_ended() {
    if (!options_.auto_flush) return;
    const bool rows = options_.auto_flush_rows != 0 && buffer_.rows() >= options_.auto_flush_rows;
    const bool bytes = options_.auto_flush_bytes != 0 && buffer_.size() >= options_.auto_flush_bytes;
    if (rows || bytes) flush(buffer_);
  }

  void close() {
    const std::lock_guard once(close_mutex_);
    if (closed_) return;
    std::exception_ptr failure;
    try {
      buffer_.cancel_row();
      flush(buffer_);
    } catch (...) {
      failure = std::current_exception();
    }
    {
      const std::unique_lock lock(closing_);
      closed_ = true;
    }
    try {
      driver_->drain(options_.close_flush_timeout_millis);
    } catch (const Error&) {
      // Unauthorised: there is nothing to wait for, and the handler has been told.
    }
    driver_->stop();
    if (failure) std::rethrow_exception(failure);
  }

  Stats stats() const {
    Stats stats = driver_->stats();
    stats.rows_flushed = rows_flushed_;
    stats.bytes_flushed = bytes_flushed_;
    return stats;
  }

  LineBuffer& buffer() { return buffer_; }
  const Options& options() const { return options_; }
  const sender::Driver& driver() const { return *driver_; }

 private:
  const Options options_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  LineBuffer buffer_;
  std::shared_mutex closing_;
  bool closed_ = false;  // written under both mutexes
  std::mutex close_mutex_;
  std::atomic<std::uint64_t> rows_flushed_{0};
  std::atomic<std::uint64_t> bytes_flushed_{0};
  std::optional<sender::Driver> driver_;
};

Sender::Sender(const Options& options, Handlers handlers)
    : impl_(std::make_unique<Impl>(options, std::move(handlers))) {}
Sender::Sender(Sender&&) noexcept = default;

Sender& Sender::operator=(Sender&& other) noexcept {
  Sender old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

Sender::~Sender() {
  if (!impl_) return;
  try {
    impl_->close();
  } catch (...) {
    // The rows that could not be flushed were never promised.
  }
}

Sender Sender::from_conf(std::string_view conf, Handlers handlers) {
  return Sender(Options::from_conf(conf), std::move(handlers));
}

Sender Sender::from_env(Handlers handlers) {
  return Sender(Options::from_env(), std::move(handlers));
}

void Sender::at(TimestampNanos timestamp) {
  impl_->buffer().at(timestamp);
  impl_->row_ended();
}

void Sender::at(TimestampMicros timestamp) {
  impl_->buffer().at(timestamp);
  impl_->row_ended();
}

void Sender::at_now() {
  impl_->buffer().at_now();
  impl_->row_ended();
}

LineBuffer& Sender::buffer() {
  return impl_->buffer();
}
LineBuffer Sender::new_buffer() const {
  return LineBuffer(buffer_options(impl_->options()));
}

Fsn Sender::flush() {
  return impl_->flush(impl_->buffer());
}
Fsn Sender::flush(LineBuffer& buffer) {
  return impl_->flush(buffer);
}

Fsn Sender::flush_encoded(std::string_view payload, std::span<const std::uint32_t> row_lengths) {
  check_lengths(payload, row_lengths);
  return impl_->append(payload, row_lengths);
}

bool Sender::wait(Fsn fsn, Ack ack, std::chrono::milliseconds timeout) const {
  return fsn == 0 || impl_->driver().wait(fsn, ack, timeout);
}

bool Sender::drain(std::chrono::milliseconds timeout) const {
  return impl_->driver().drain(timeout);
}
void Sender::close() {
  impl_->close();
}
Fsn Sender::acked_fsn() const {
  return impl_->driver().acked_fsn();
}
Fsn Sender::durable_fsn() const {
  return impl_->driver().durable_fsn();
}
Stats Sender::stats() const {
  return impl_->stats();
}

}  // namespace questclient
