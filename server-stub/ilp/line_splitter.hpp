// Finds where lines end in bytes that come in pieces: line feeds stand in binary values, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "namespace.hpp"

namespace questnode::ilp {

/// Follows the grammar only as far as it tells where a line ends; whether the line is good the parser says.
class LineSplitter {
 public:
  /// Takes bytes up to the next end of a line, that included, or all of them; returns how many.
  std::size_t take(std::string_view bytes);
  /// The bytes taken so far end with a line's end (or nothing was taken).
  bool between_lines() const { return place_ == Place::line_begin; }
  /// Lines that have ended, empty ones not counted: as the parser numbers them.
  std::uint32_t lines() const { return lines_; }

 private:
  enum class Place : std::uint8_t {
    line_begin,
    head,  ///< Table and tags.
    name,  ///< Of a field; or the timestamp.
    value_begin,
    token,  ///< An unquoted value, or what follows any other.
    quoted,
    binary_type,
    array_element,
    array_dimensions,
    array_length,
    decimal_scale,
    decimal_length,
  };
  bool step(unsigned char c);
  bool step_text(unsigned char c);
  void step_binary(unsigned char c);
  void end_array();

  Place place_ = Place::line_begin;
  std::uint32_t lines_ = 0;
  std::uint64_t skip_ = 0;  ///< Bytes to come that mean nothing here.
  std::uint8_t dimensions_left_ = 0;
  std::uint8_t length_bytes_ = 0;  ///< Of the length at hand.
  std::uint32_t length_ = 0;
  std::uint64_t elements_ = 0;
};

/// The offset at which line number `line` (from 1, empty ones not counted) begins.
std::size_t offset_of_line(std::string_view body, std::uint32_t line);

}  // namespace questnode::ilp
