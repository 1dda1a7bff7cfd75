#include "ilp/number.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

namespace questclient::ilp {

char* write_double(char* out, double value) {
  if (!std::isfinite(value)) {
    const std::string_view text = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    return out + text.copy(out, text.size());
  }
  char* end = std::to_chars(out, out + kNumberRoom, value).ptr;
  // "1e+20" becomes "1e20": the server is not known to take a sign here, and needs none.
  char* plus = std::find(out, end, '+');
  if (plus == end) return end;
  return std::copy(plus + 1, end, plus);
}

}  // namespace questclient::ilp
