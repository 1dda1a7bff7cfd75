// Where a LineBuffer keeps its rows.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include <questclient/line_buffer.hpp>

#include "ilp/items.hpp"
#include "ilp/names.hpp"

namespace questclient {

void LineBuffer::FreeBytes::operator()(char* bytes) const noexcept {
  std::free(bytes);
}

LineBuffer::LineBuffer() : LineBuffer(Options{}) {}

LineBuffer::LineBuffer(const Options& options) : options_(options) {
  options_.max_size = std::min(options_.max_size, std::numeric_limits<std::size_t>::max() / 4);
  options_.max_name_len = ilp::bounded_name_len(options_.max_name_len);
  const std::size_t first = std::min(options_.initial_size, options_.max_size);
  if (first > 0) grow(first);
}

LineBuffer::LineBuffer(const LineBuffer& other) : options_(other.options_), row_lengths_(other.row_lengths_) {
  if (other.end_ > 0) {
    grow(other.end_);
    std::memcpy(bytes_.get(), other.bytes_.get(), other.end_);
  }
  end_ = other.end_;
  row_start_ = other.row_start_;
  row_limit_ = other.row_limit_;
  rows_without_timestamp_ = other.rows_without_timestamp_;
  state_ = other.state_;
}

LineBuffer& LineBuffer::operator=(const LineBuffer& other) {
  if (this != &other) *this = LineBuffer(other);
  return *this;
}

LineBuffer::LineBuffer(LineBuffer&& other) noexcept : options_(other.options_) {
  *this = std::move(other);
}

LineBuffer& LineBuffer::operator=(LineBuffer&& other) noexcept {
  if (this == &other) return *this;
  options_ = other.options_;
  bytes_ = std::move(other.bytes_);
  capacity_ = std::exchange(other.capacity_, 0);
  end_ = std::exchange(other.end_, 0);
  row_start_ = std::exchange(other.row_start_, 0);
  row_limit_ = other.row_limit_;
  row_lengths_ = std::exchange(other.row_lengths_, {});
  rows_without_timestamp_ = std::exchange(other.rows_without_timestamp_, 0);
  state_ = std::exchange(other.state_, State::idle);
  return *this;
}

void LineBuffer::grow(std::size_t bytes) {
  // Twice as much each time, but no more than max_size asks for: the slack lies beyond it.
  const std::size_t doubled = std::min(2 * capacity_, options_.max_size + ilp::kSlack);
  const std::size_t wanted = std::max(end_ + bytes, doubled);
  char* moved = static_cast<char*>(std::realloc(bytes_.get(), wanted));
  if (moved == nullptr) {
    cancel_row();
    throw std::bad_alloc();
  }
  static_cast<void>(bytes_.release());
  bytes_.reset(moved);
  capacity_ = wanted;
}

void LineBuffer::cancel_row() noexcept {
  end_ = row_start_;
  state_ = State::idle;
}

void LineBuffer::clear() noexcept {
  row_start_ = 0;
  row_lengths_.clear();
  rows_without_timestamp_ = 0;
  cancel_row();
}

}  // namespace questclient
