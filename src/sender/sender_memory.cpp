#include "sender/sender_memory.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/bounded_json.hpp"

namespace questclient::sender {
namespace {

using Json = nlohmann::json;

constexpr int kNoteFormat = 1;
constexpr std::size_t kMaxNoteBytes = std::size_t{64} << 10;

std::uint64_t number_of(const Json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

void read_range(const std::string& text, std::vector<BuriedRows::Range>& into) {
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return;
  const auto from = base::StreamPosition::parse(std::string_view(text).substr(0, dash));
  const auto to = base::StreamPosition::parse(std::string_view(text).substr(dash + 1));
  if (from && to && *from < *to) into.push_back({*from, *to});
}

bool covers(const std::vector<BuriedRows::Range>& known, const BuriedRows::Range& gap) {
  return std::any_of(known.begin(), known.end(), [&gap](const BuriedRows::Range& range) {
    return range.from <= gap.from && gap.to <= range.to;
  });
}

}  // namespace

std::string SenderNote::to_text() const {
  Json gaps = Json::array();
  for (const BuriedRows::Range& range : given_up) {
    gaps.push_back(range.from.to_string() + "-" + range.to.to_string());
  }
  return Json{{"format", kNoteFormat}, {"epoch", epoch}, {"dropped_below", dropped_below}, {"given_up", gaps}}
             .dump() +
         "\n";
}

SenderNote SenderNote::parse(std::string_view text) {
  SenderNote note;
  const auto document = base::parse_bounded_json(text, kMaxNoteBytes);
  if (!document || !document->is_object() || number_of(*document, "format") != kNoteFormat) return note;
  note.epoch = number_of(*document, "epoch");
  note.dropped_below = number_of(*document, "dropped_below");
  const auto gaps = document->find("given_up");
  if (gaps == document->end() || !gaps->is_array()) return note;
  for (const Json& gap : *gaps) {
    if (gap.is_string()) read_range(gap.get<std::string>(), note.given_up);
  }
  return note;
}

SenderMemory::SenderMemory(buffer::FrameStore& store) : store_(store) {
  try {
    note_ = SenderNote::parse(store.remembered());
  } catch (const std::exception&) {
    // A disk that cannot be read now: as if nothing had been kept.
  }
}

SenderNote SenderMemory::found(base::Fsn front) const {
  SenderNote known = note_;
  known.dropped_below = std::min(known.dropped_below, front);
  for (BuriedRows::Range& range : known.given_up)
    range.to = std::min(range.to, base::StreamPosition{front, 0});
  std::erase_if(known.given_up, [](const BuriedRows::Range& range) { return range.to <= range.from; });
  return known;
}

void SenderMemory::write_quietly() noexcept {
  try {
    store_.remember(note_.to_text());
  } catch (const std::exception&) {
    // The next change writes it.
  }
}

void SenderMemory::keep_epoch(std::uint64_t epoch) noexcept {
  if (note_.epoch == epoch) return;
  note_.epoch = epoch;
  write_quietly();
}

void SenderMemory::keep_dropped(base::Fsn below) noexcept {
  if (below <= note_.dropped_below) return;
  note_.dropped_below = below;
  write_quietly();
}

void SenderMemory::keep_gaps(std::vector<BuriedRows::Range> gaps) {
  if (gaps.size() > kMaxRememberedGaps) gaps.erase(gaps.begin(), gaps.end() - kMaxRememberedGaps);
  const bool known =
      std::all_of(gaps.begin(), gaps.end(), [this](const auto& gap) { return covers(note_.given_up, gap); });
  if (known) return;
  SenderNote changed = note_;
  changed.given_up = std::move(gaps);
  store_.remember(changed.to_text());
  note_ = std::move(changed);
}

}  // namespace questclient::sender
