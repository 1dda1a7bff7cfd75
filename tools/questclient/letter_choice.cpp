#include "letter_choice.hpp"

#include <chrono>

#include <questclient/error.hpp>

namespace questclient::tool {

std::string kind_of_reason(std::string_view reason) {
  constexpr std::string_view kBefore = "error in line ", kBehind = ": ";
  const std::size_t before = reason.find(kBefore);
  if (before == std::string_view::npos) return std::string(reason);
  const std::size_t behind = reason.find_first_not_of("0123456789", before + kBefore.size());
  if (behind == std::string_view::npos || !reason.substr(behind).starts_with(kBehind))
    return std::string(reason);
  return std::string(reason.substr(behind + kBehind.size()));
}

std::string table_of(std::string_view rows) {
  std::string name;
  for (std::size_t at = 0; at < rows.size() && std::string_view(", \n").find(rows[at]) == std::string::npos;
       ++at) {
    if (rows[at] == '\\' && at + 1 < rows.size()) ++at;
    name += rows[at];
  }
  return name;
}

void require_readable(const DeadLetterInfo& letter) {
  if (!letter.unreadable) return;
  throw Error(ErrorCode::slot_key, Disposition::fix_and_resend,
              "The dead letters are encrypted and no key was given: give --key FILE, the key that the sender "
              "had (sf_key).");
}

void LetterChoice::declare(cli::Command& command) {
  command.option("older-than", "TIME", "Only letters older than that, for example 24h")
      .option("reason", "TEXT", "Only letters whose reason contains this text")
      .option("host", "HOST:PORT", "Only letters that this host refused")
      .option("table", "NAME", "Only letters whose (first) row goes to this table")
      .option("key", "FILE", "The key of an encrypted slot, as given to sf_key");
}

LetterChoice::LetterChoice(const cli::ParsedArguments& arguments)
    : reason_(arguments.text("reason")), host_(arguments.text("host")), table_(arguments.text("table")) {
  for (const char* name : {"reason", "host", "table"})
    if (arguments.has(name) && arguments.text(name).empty())
      throw cli::UsageError("--" + std::string(name) + " is empty");
  which_.keys = arguments.all("KEY");
  if (!arguments.has("older-than")) return;
  const auto limit = std::chrono::system_clock::now().time_since_epoch() - arguments.duration("older-than");
  which_.before_wall_nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(limit).count();
}

bool LetterChoice::narrows() const {
  return !which_.keys.empty() || which_.before_wall_nanos != 0 || asks_for_text();
}

bool LetterChoice::fits(const DeadLetterInfo& letter) const {
  if (!host_.empty() && letter.host != host_) return false;
  if (reason_.empty() && table_.empty()) return true;
  require_readable(letter);
  return letter.reason.find(reason_) != std::string::npos &&
         (table_.empty() || table_of(letter.payload) == table_);
}

std::uint64_t LetterChoice::read(const std::filesystem::path& slot, const std::string& key,
                                 const std::function<void(const DeadLetterInfo&)>& take) const {
  std::uint64_t letters = 0;
  read_dead_letters(slot, which_, key, [&](const DeadLetterInfo& letter) {
    if (!fits(letter)) return;
    take(letter);
    ++letters;
  });
  return letters;
}

LetterChoice::Chosen LetterChoice::choose(const std::filesystem::path& slot, const std::string& key) const {
  Chosen chosen;
  chosen.which = which_;
  if (asks_for_text()) chosen.which.keys.clear();
  chosen.letters = read(slot, key, [&](const DeadLetterInfo& letter) {
    if (asks_for_text()) chosen.which.keys.push_back(letter.key);
  });
  return chosen;
}

}  // namespace questclient::tool
