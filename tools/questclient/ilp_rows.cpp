#include "ilp_rows.hpp"

namespace questclient::tool {

namespace {

constexpr unsigned char kDouble = 0x10;
constexpr unsigned char kArray = 0x0E;
constexpr unsigned char kDecimal = 0x17;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_line_end(char byte) {
  return byte == '\n' || byte == '\r';
}

}  // namespace

void RowEndFinder::take_array_header(unsigned char byte) {
  header_[header_size_++] = byte;
  if (header_size_ < 2) return;
  const std::size_t dimensions = header_[1];
  if (dimensions > 32) {
    state_ = State::fields;  // no array: the server will say so
    return;
  }
  if (header_size_ < 2 + dimensions * 4) return;
  // Far more than a row may hold ends the row's chances anyway; the cap keeps the product from overflowing.
  constexpr std::uint64_t kMostElements = std::uint64_t{1} << 40;
  std::uint64_t elements = dimensions == 0 ? 0 : 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    std::uint64_t length = 0;
    for (std::size_t byte_index = 4; byte_index-- > 0;) {
      length = length << 8 | header_[2 + i * 4 + byte_index];
    }
    elements = length != 0 && elements > kMostElements / length ? kMostElements : elements * length;
  }
  skip_ = elements * 8;
  state_ = skip_ == 0 ? State::fields : State::skip;
}

bool RowEndFinder::ends_row(char byte) {
  switch (state_) {
    case State::skip:
      if (--skip_ == 0) state_ = State::fields;
      return false;
    case State::array_header:
      take_array_header(static_cast<unsigned char>(byte));
      return false;
    case State::decimal_header:
      header_[header_size_++] = static_cast<unsigned char>(byte);
      if (header_size_ == 2) {
        skip_ = header_[1];
        state_ = skip_ == 0 ? State::fields : State::skip;
      }
      return false;
    case State::binary_type:
      header_size_ = 0;
      skip_ = 8;
      state_ = State::fields;
      if (static_cast<unsigned char>(byte) == kDouble) state_ = State::skip;
      if (static_cast<unsigned char>(byte) == kArray) state_ = State::array_header;
      if (static_cast<unsigned char>(byte) == kDecimal) state_ = State::decimal_header;
      return false;
    case State::value:
      state_ = State::fields;
      if (byte == '"') state_ = State::quoted;
      if (byte == '=') state_ = State::binary_type;
      if (state_ != State::fields) return false;
      break;
    default:
      break;
  }
  if (escaped_) {
    escaped_ = false;
    return false;
  }
  if (byte == '\\') {
    escaped_ = true;
  } else if (state_ == State::quoted) {
    if (byte == '"') state_ = State::fields;
    if (byte != '\n') return false;
    state_ = State::names;
    return true;
  } else if (is_line_end(byte)) {
    state_ = State::names;
    return true;
  } else if (state_ == State::names) {
    if (byte == ' ') state_ = State::fields;
  } else if (byte == '=') {
    state_ = State::value;
  }
  return false;
}

bool IlpRows::refill() {
  if (input_ended_) return false;
  input_offset_ += input_end_;
  input_at_ = input_end_ = 0;
  input_end_ = source_.read(input_.data(), input_.size());
  input_ended_ = input_end_ == 0;
  return !input_ended_;
}

void IlpRows::go_on_at(const Place& place) {
  place_ = place;
  input_offset_ = place.offset;
  line_ = place.line;
}

void IlpRows::move_place() {
  place_.offset = input_offset_ + input_at_;
  place_.line = line_;
}

bool IlpRows::end_row() {
  if (row_offset_ == 0 && row_start_ == 0 && batch_.starts_with(kByteOrderMark))
    batch_.erase(0, kByteOrderMark.size());
  const std::size_t length = batch_.size() - row_start_;
  if (length == 0) return false;
  batch_ += '\n';
  lengths_.push_back(static_cast<std::uint32_t>(length + 1));
  row_start_ = batch_.size();
  move_place();
  ++place_.rows;
  place_.last_row_offset = row_offset_;
  place_.last_row_line = row_line_;
  return true;
}

bool IlpRows::next() {
  while (input_at_ < input_end_ || refill()) {
    const char byte = input_[input_at_++];
    if (batch_.size() == row_start_) {
      row_line_ = line_;
      row_offset_ = input_offset_ + input_at_ - 1;
    }
    const bool ends = finder_.ends_row(byte);
    if (byte == '\n' && !finder_.in_binary()) ++line_;
    if (ends) {
      if (end_row()) return true;
      continue;
    }
    batch_ += byte;
    if (batch_.size() - row_start_ > kMaxRowBytes) {
      batch_.resize(row_start_);
      throw InputError("line " + std::to_string(row_line_) + ": the row that begins here is longer than " +
                       std::to_string(kMaxRowBytes >> 20) + " MiB");
    }
  }
  if (finder_.in_binary()) {
    batch_.resize(row_start_);
    throw InputError("line " + std::to_string(row_line_) +
                     ": the input ends in the middle of a binary value");
  }
  finder_ = {};
  if (end_row()) return true;
  move_place();
  return false;
}

void IlpRows::clear() {
  batch_.erase(0, row_start_);
  row_start_ = 0;
  lengths_.clear();
}

}  // namespace questclient::tool
