#include <thread>
#include <utility>

#include <questclient/sender.hpp>

#include "net/connection.hpp"
#include "sender/sender_impl.hpp"
#include "sender/sender_options.hpp"

namespace questclient {

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
  if (impl_->is_in_child()) {
    // Its threads, locks and files are the parent's: taking them down would harm it or hang here.
    [[maybe_unused]] const Impl* abandoned = impl_.release();
    return;
  }
  const bool in_handler = impl_->is_in_handler();
  auto end = [impl = std::move(impl_)]() mutable {
    try {
      impl->close();
    } catch (...) {
      // The rows that could not be flushed were never promised.
    }
    impl.reset();
  };
  // In one of its own handlers: the handler's thread is one that has to end first.
  if (in_handler)
    std::thread(std::move(end)).detach();
  else
    end();
}

Sender Sender::from_conf(std::string_view conf, Handlers handlers) {
  return Sender(Options::from_conf(conf), std::move(handlers));
}
Sender Sender::from_env(Handlers handlers) {
  return Sender(Options::from_env(), std::move(handlers));
}

void Sender::check(const Options& options) {
  options.validate();
  net::make_endpoint(options);
  sender::slot_options(options);
}

LineBuffer& Sender::open_row() {
  return impl_->open_row();
}
void Sender::row_refused() noexcept {
  impl_->leave_row();
}
void Sender::row_ended() {
  impl_->row_ended();
}

void Sender::at(TimestampNanos timestamp) {
  in_row([&](LineBuffer& rows) { rows.at(timestamp); });
  row_ended();
}
void Sender::at(TimestampMicros timestamp) {
  in_row([&](LineBuffer& rows) { rows.at(timestamp); });
  row_ended();
}
void Sender::at_now() {
  in_row([](LineBuffer& rows) { rows.at_now(); });
  row_ended();
}

void Sender::cancel_row() {
  impl_->with_own_rows([](LineBuffer& rows) { rows.cancel_row(); });
}

PreparedRow Sender::row(NameView table, std::initializer_list<std::string_view> symbols,
                        std::initializer_list<std::string_view> columns) const {
  impl_->check_process();
  return PreparedRow(table, symbols, columns, impl_->options().max_name_len);
}
PreparedRow Sender::row(NameView table, std::span<const std::string_view> symbols,
                        std::span<const std::string_view> columns) const {
  impl_->check_process();
  return PreparedRow(table, symbols, columns, impl_->options().max_name_len);
}
PreparedRow Sender::row(NameView table, std::span<const std::string> symbols,
                        std::span<const std::string> columns) const {
  impl_->check_process();
  return PreparedRow(table, symbols, columns, impl_->options().max_name_len);
}

LineBuffer Sender::new_buffer() const {
  impl_->check_process();
  return LineBuffer(sender::buffer_options(impl_->options()));
}

Fsn Sender::flush() {
  return impl_->with_own_rows([&](LineBuffer& rows) { return impl_->flush(rows); });
}
Fsn Sender::flush(LineBuffer& buffer) {
  return impl_->flush(buffer);
}
Fsn Sender::flush(const SourcePosition& position) {
  return impl_->with_own_rows([&](LineBuffer& rows) { return impl_->flush(rows, position); });
}
Fsn Sender::flush(LineBuffer& buffer, const SourcePosition& position) {
  return impl_->flush(buffer, position);
}
Fsn Sender::flush_encoded(std::string_view payload, std::span<const std::uint32_t> row_lengths) {
  return impl_->flush_encoded(payload, row_lengths, nullptr);
}
Fsn Sender::flush_encoded(std::string_view payload, std::span<const std::uint32_t> row_lengths,
                          const SourcePosition& position) {
  return impl_->flush_encoded(payload, row_lengths, &position);
}

std::future<FlushResult> Sender::flush_async(LineBuffer& buffer) {
  // Shared: a std::function has to be copyable.
  const auto promise = std::make_shared<std::promise<FlushResult>>();
  impl_->flush_async(buffer, [promise](FlushResult result) { promise->set_value(std::move(result)); });
  return promise->get_future();
}
void Sender::flush_async(LineBuffer& buffer, std::function<void(FlushResult)> done) {
  impl_->flush_async(buffer, std::move(done));
}
std::future<FlushResult> Sender::flush_async() {
  return impl_->with_own_rows([&](LineBuffer& rows) { return flush_async(rows); });
}

bool Sender::try_flush(LineBuffer& buffer) {
  return impl_->try_flush(buffer);
}
bool Sender::try_flush() {
  return impl_->with_own_rows([&](LineBuffer& rows) { return impl_->try_flush(rows); });
}

bool Sender::flush_and_wait() {
  return impl_->with_own_rows([&](LineBuffer& rows) { return impl_->flush_and_wait(rows); });
}
bool Sender::flush_and_wait(LineBuffer& buffer) {
  return impl_->flush_and_wait(buffer);
}

std::optional<SourcePosition> Sender::position() const {
  return impl_->position();
}
bool Sender::wait(Fsn fsn, Ack ack, std::chrono::milliseconds timeout) const {
  impl_->check_process();
  return fsn == 0 || impl_->driver().wait(fsn, ack, timeout);
}
bool Sender::drain(std::chrono::milliseconds timeout) const {
  return impl_->driver().drain(timeout);
}
void Sender::resume() {
  impl_->resume();
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
std::vector<SenderEvent> Sender::poll_events() {
  return impl_->driver().poll_events();
}

}  // namespace questclient
