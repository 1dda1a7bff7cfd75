#include "cli/arguments.hpp"

#include <algorithm>
#include <charconv>

namespace questclient::cli {

namespace {

constexpr std::size_t kHelpColumn = 32;

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[right.size()];
}

void append_help_line(std::string& out, const std::string& left, const std::string& help,
                      const std::string& fallback) {
  std::string line = "  " + left;
  line.resize(std::max(line.size() + 2, kHelpColumn), ' ');
  for (char c : help) {
    line += c;
    if (c == '\n') line.append(kHelpColumn, ' ');
  }
  if (!fallback.empty()) line += " (default " + fallback + ")";
  out += line + "\n";
}

}  // namespace

std::string nearest(std::string_view text, std::span<const std::string> names) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string& name : names) {
    const bool begins_alike = text.size() >= 2 && name.starts_with(text);
    const std::size_t distance = begins_alike ? 1 : edit_distance(text, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  std::int64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit.empty() || unit == "s") factor = 1000;
  if (unit == "m") factor = 60 * 1000;
  if (unit == "h") factor = 3600 * 1000;
  constexpr std::int64_t kMostMilliseconds = std::int64_t{100} * 365 * 24 * 3600 * 1000;
  if (factor == 0 || number > kMostMilliseconds / factor) return std::nullopt;
  return std::chrono::milliseconds(number * factor);
}

std::vector<std::string> arguments_of(int argc, char** argv) {
  return argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>{};
}

const ParsedArguments::Entry& ParsedArguments::entry(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw std::logic_error("no argument is called " + std::string(name));
  return found->second;
}

bool ParsedArguments::has(std::string_view name) const {
  return !entry(name).given.empty();
}

const std::string& ParsedArguments::text(std::string_view name) const {
  const Entry& found = entry(name);
  return found.given.empty() ? found.fallback : found.given.back();
}

const std::vector<std::string>& ParsedArguments::all(std::string_view name) const {
  return entry(name).given;
}

std::int64_t ParsedArguments::integer(std::string_view name, std::int64_t lowest,
                                      std::int64_t highest) const {
  const std::string& value = text(name);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || number < lowest || number > highest) {
    throw UsageError("--" + std::string(name) + " takes a whole number from " + std::to_string(lowest) +
                     " to " + std::to_string(highest) + ", not '" + value + "'");
  }
  return number;
}

std::chrono::milliseconds ParsedArguments::duration(std::string_view name) const {
  const auto value = parse_duration(text(name));
  if (!value) {
    throw UsageError("--" + std::string(name) + " takes a time such as 250ms, 5s, 2m or 1h, not '" +
                     text(name) + "'");
  }
  return *value;
}

Command::Command(std::string name, std::string summary)
    : name_(std::move(name)), summary_(std::move(summary)) {}

Command& Command::flag(std::string name, std::string help) {
  options_.push_back({std::move(name), {}, std::move(help), {}, false});
  return *this;
}

Command& Command::option(std::string name, std::string value_name, std::string help, std::string fallback) {
  options_.push_back({std::move(name), std::move(value_name), std::move(help), std::move(fallback), false});
  return *this;
}

Command& Command::required_option(std::string name, std::string value_name, std::string help) {
  options_.push_back({std::move(name), std::move(value_name), std::move(help), {}, true});
  return *this;
}

Command& Command::positional(std::string name, std::string help) {
  positionals_.push_back({std::move(name), std::move(help), {}, true, false});
  return *this;
}

Command& Command::optional_positional(std::string name, std::string help, std::string fallback) {
  positionals_.push_back({std::move(name), std::move(help), std::move(fallback), false, false});
  return *this;
}

Command& Command::repeated_positional(std::string name, std::string help) {
  positionals_.push_back({std::move(name), std::move(help), {}, true, true});
  return *this;
}

Command& Command::repeated_optional_positional(std::string name, std::string help) {
  positionals_.push_back({std::move(name), std::move(help), {}, false, true});
  return *this;
}

Command& Command::notes(std::string text) {
  notes_ = std::move(text);
  return *this;
}

const Command::Option& Command::find_option(std::string_view name) const {
  for (const Option& option : options_) {
    if (option.name == name) return option;
  }
  std::vector<std::string> names{"help"};
  for (const Option& option : options_) names.push_back(option.name);
  const std::string near = nearest(name, names);
  throw UsageError("there is no option --" + std::string(name) +
                   (near.empty() ? "; '" + name_ + " --help' lists them" : "; did you mean --" + near + "?"));
}

void Command::take_positionals(std::vector<std::string> given, ParsedArguments& parsed) const {
  std::size_t next = 0;
  for (const Positional& positional : positionals_) {
    if (next == given.size()) {
      if (!positional.required) continue;
      throw UsageError(positional.name + " is missing: " + usage_line());
    }
    auto& values = parsed.entries_[positional.name].given;
    do {
      values.push_back(std::move(given[next++]));
    } while (positional.repeated && next < given.size());
  }
  if (next < given.size()) {
    throw UsageError("nothing is expected at '" + given[next] + "': " + usage_line());
  }
}

ParsedArguments Command::parse(std::span<const std::string> arguments) const {
  ParsedArguments parsed;
  for (const Option& option : options_) parsed.entries_[option.name].fallback = option.fallback;
  for (const Positional& positional : positionals_) {
    parsed.entries_[positional.name].fallback = positional.fallback;
  }
  std::vector<std::string> positionals;
  bool options_ended = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (options_ended || argument.size() < 2 || argument[0] != '-') {
      positionals.push_back(argument);
    } else if (argument == "--") {
      options_ended = true;
    } else if (argument == "--help" || argument == "-h") {
      parsed.help_wanted_ = true;
      return parsed;
    } else if (argument[1] != '-') {
      throw UsageError("there is no option " + argument + "; options begin with two dashes, '" + name_ +
                       " --help' lists them");
    } else {
      const std::size_t equals = argument.find('=');
      const bool joined = equals != std::string::npos;
      const Option& option = find_option(std::string_view(argument).substr(2, joined ? equals - 2 : equals));
      auto& values = parsed.entries_[option.name].given;
      if (option.value_name.empty()) {
        if (joined) throw UsageError("--" + option.name + " takes no value");
        values.push_back("true");
      } else if (joined) {
        values.push_back(argument.substr(equals + 1));
      } else if (i + 1 < arguments.size()) {
        values.push_back(arguments[++i]);
      } else {
        throw UsageError("--" + option.name + " needs a value: --" + option.name + " " + option.value_name);
      }
    }
  }
  for (const Option& option : options_) {
    if (option.required && parsed.entries_[option.name].given.empty()) {
      throw UsageError("--" + option.name + " " + option.value_name + " is missing; '" + name_ +
                       " --help' explains it");
    }
  }
  take_positionals(std::move(positionals), parsed);
  return parsed;
}

std::string Command::usage_line() const {
  std::string line = name_;
  for (const Option& option : options_) {
    if (option.required) line += " --" + option.name + " " + option.value_name;
  }
  line += " [options]";
  for (const Positional& positional : positionals_) {
    const std::string name = positional.name + (positional.repeated ? "..." : "");
    line += positional.required ? " " + name : " [" + name + "]";
  }
  return line;
}

std::string Command::help() const {
  std::string out = summary_ + "\n\nUsage: " + usage_line() + "\n";
  if (!positionals_.empty()) out += "\nArguments:\n";
  for (const Positional& positional : positionals_) {
    append_help_line(out, positional.name, positional.help, positional.fallback);
  }
  out += "\nOptions:\n";
  for (const Option& option : options_) {
    const std::string value = option.value_name.empty() ? "" : " " + option.value_name;
    append_help_line(out, "--" + option.name + value, option.help, option.fallback);
  }
  append_help_line(out, "--help", "Print this text", {});
  if (!notes_.empty()) out += "\n" + notes_ + (notes_.ends_with('\n') ? "" : "\n");
  return out;
}

}  // namespace questclient::cli
