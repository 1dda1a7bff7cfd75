// Tables for people: aligned columns.
#pragma once

#include <string>
#include <vector>

namespace questclient::tool {

struct TextTable {
  std::vector<std::string> header;
  std::vector<bool> right_aligned;  ///< As header.
  std::vector<std::vector<std::string>> rows;

  /// A line of names, a line of dashes, the rows.
  std::string to_string() const;
};

/// How many columns of a terminal UTF-8 text takes, one for each character.
std::size_t display_width(const std::string& text);

/// A CSV field, quoted where RFC 4180 asks for it.
std::string csv_field(const std::string& text);

}  // namespace questclient::tool
