#include "ilp/line_splitter.hpp"

#include <algorithm>

#include "ilp/binary.hpp"

namespace questnode::ilp {
namespace {

/// No line is longer (kMaxBodyBytes): an array that claims more is passed over as if it had no values.
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 27;

bool is_line_end(unsigned char c) {
  return c == '\n' || c == '\r';
}

}  // namespace

std::size_t LineSplitter::take(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (skip_ > 0) {
      const std::uint64_t skipped = std::min<std::uint64_t>(skip_, bytes.size() - at);
      skip_ -= skipped;
      at += static_cast<std::size_t>(skipped);
      continue;
    }
    if (step(static_cast<unsigned char>(bytes[at++]))) break;
  }
  return at;
}

/// True: the line has ended with this byte.
bool LineSplitter::step(unsigned char c) {
  if (place_ >= Place::binary_type) {
    step_binary(c);
    return false;
  }
  if (place_ == Place::value_begin) {
    if (c == '"' || c == '=') {
      place_ = c == '"' ? Place::quoted : Place::binary_type;
      return false;
    }
    place_ = Place::token;
  }
  if (place_ == Place::line_begin) {
    if (is_line_end(c)) return true;
    place_ = Place::head;
  }
  return step_text(c);
}

bool LineSplitter::step_text(unsigned char c) {
  if (c == '\\') {
    skip_ = 1;
    return false;
  }
  if (c == '\n' || (c == '\r' && place_ != Place::quoted)) {
    place_ = Place::line_begin;
    ++lines_;
    return true;
  }
  switch (place_) {
    case Place::head:
      if (c == ' ') place_ = Place::name;
      break;
    case Place::name:
      if (c == '=') place_ = Place::value_begin;
      break;
    case Place::token:
      if (c == ',' || c == ' ') place_ = Place::name;
      break;
    default:
      if (c == '"') place_ = Place::token;
      break;
  }
  return false;
}

void LineSplitter::step_binary(unsigned char c) {
  switch (place_) {
    case Place::binary_type:
      place_ = Place::token;
      if (c == kBinaryDouble) skip_ = sizeof(double);
      if (c == kBinaryArray) place_ = Place::array_element;
      if (c == kBinaryDecimal) place_ = Place::decimal_scale;
      break;
    case Place::array_element:
      place_ = Place::array_dimensions;
      break;
    case Place::array_dimensions:
      dimensions_left_ = c;
      length_bytes_ = 0;
      elements_ = 1;
      place_ = c == 0 || c > kMaxDimensions ? Place::token : Place::array_length;
      break;
    case Place::array_length:
      length_ |= static_cast<std::uint32_t>(c) << (8 * length_bytes_);
      if (++length_bytes_ == sizeof length_) end_array();
      break;
    case Place::decimal_scale:
      place_ = Place::decimal_length;
      break;
    default:
      skip_ = c;
      place_ = Place::token;
      break;
  }
}

/// One of an array's lengths is known.
void LineSplitter::end_array() {
  elements_ = std::min<std::uint64_t>(elements_ * length_, kMostElements + 1);
  length_ = 0;
  length_bytes_ = 0;
  if (--dimensions_left_ > 0) return;
  if (elements_ <= kMostElements) skip_ = elements_ * sizeof(double);
  place_ = Place::token;
}

std::size_t offset_of_line(std::string_view body, std::uint32_t line) {
  LineSplitter splitter;
  std::size_t begin = 0;
  while (begin < body.size()) {
    const std::size_t taken = splitter.take(body.substr(begin));
    // A last line without its end counts, too.
    if (splitter.lines() + (splitter.between_lines() ? 0 : 1) >= line) return begin;
    begin += taken;
  }
  return body.size();
}

}  // namespace questnode::ilp
