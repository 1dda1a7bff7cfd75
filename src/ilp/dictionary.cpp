#include "ilp/dictionary.hpp"

#include <algorithm>

namespace questclient::ilp {

Dictionary::Dictionary(std::string_view prefix, std::span<const std::string_view> values) {
  std::size_t room = kSlack;
  for (const std::string_view value : values) room += prefix.size() + 2 * value.size() + kBlock;
  text_ = std::make_unique_for_overwrite<char[]>(room);
  entries_.reserve(values.size());
  char* out = text_.get();
  for (const std::string_view value : values) {
    const char* end = write_symbol(out + prefix.copy(out, prefix.size()), value);
    const std::size_t length = end == nullptr ? 0 : static_cast<std::size_t>(end - out);
    entries_.push_back({out, length});
    are_all_good_ = are_all_good_ && length > 0;
    max_length_ = std::max(max_length_, length);
    out += (length + kBlock - 1) / kBlock * kBlock;
  }
}

}  // namespace questclient::ilp
