#include "ilp/unique_names.hpp"

#include <algorithm>

#include <questclient/error.hpp>

#include "ilp/names.hpp"

namespace questclient::ilp {

std::string folded(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void check_unique(std::vector<std::string_view> names) {
  std::vector<std::string> sorted;
  sorted.reserve(names.size());
  for (const std::string_view name : names) sorted.push_back(folded(name));
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return;
  throw Error(ErrorCode::invalid_name, Disposition::fix_and_resend,
              "The name " + quote(*twice) + " stands twice in a row, in whatever case; rename one of them.");
}

}  // namespace questclient::ilp
