// Symbols of a dictionary, escaped once.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ilp/items.hpp"

namespace questclient::ilp {

/// ",name=value" of each value, as it stands on the wire.
class Dictionary {
 public:
  /// `prefix` is ",name=".
  Dictionary(std::string_view prefix, std::span<const std::string_view> values);

  struct Entry {
    const char* text;    // padded to whole blocks
    std::size_t length;  // 0: the value is not UTF-8
  };
  const Entry* entries() const { return entries_.data(); }
  bool are_all_good() const { return are_all_good_; }
  std::size_t max_length() const { return max_length_; }

 private:
  std::unique_ptr<char[]> text_;
  std::vector<Entry> entries_;
  std::size_t max_length_ = 0;
  bool are_all_good_ = true;
};

}  // namespace questclient::ilp
