// Command lines: options with values, flags, positionals, and the --help text that explains them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace questclient::cli {

/// What every tool of this project returns to the shell.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

/// The command line cannot be understood; what() says why and what would be right.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What was given on a command line. The getters throw UsageError for a value of the wrong form, and
/// std::logic_error for a name that the command does not declare.
class ParsedArguments {
 public:
  bool help_wanted() const { return help_wanted_; }
  /// The flag, option or positional was given.
  bool has(std::string_view name) const;
  /// The last value given, else the declared default, else empty.
  const std::string& text(std::string_view name) const;
  /// Every value given, in order, for a repeated option or positional.
  const std::vector<std::string>& all(std::string_view name) const;
  std::int64_t integer(std::string_view name, std::int64_t lowest, std::int64_t highest) const;
  /// "250ms", "5s", "2m", "1h"; a bare number is seconds.
  std::chrono::milliseconds duration(std::string_view name) const;

 private:
  friend class Command;
  struct Entry {
    std::vector<std::string> given;
    std::string fallback;
  };
  const Entry& entry(std::string_view name) const;

  std::map<std::string, Entry, std::less<>> entries_;
  bool help_wanted_ = false;
};

/// One command of a tool.
///
///     Command command("questclient query", "Runs SQL and prints the result.");
///     command.option("conf", "CONF", "Connect string").flag("json", "Print JSON").positional("SQL", "The
///     query"); auto arguments = command.parse(rest); if (arguments.help_wanted()) std::cout <<
///     command.help();
///
/// `--help` and `-h` are declared by every command. `--name value` and `--name=value` are the same; `--` ends
/// the options; a lone `-` is a positional.
class Command {
 public:
  Command(std::string name, std::string summary);

  Command& flag(std::string name, std::string help);
  Command& option(std::string name, std::string value_name, std::string help, std::string fallback = {});
  /// An option without which the command is refused.
  Command& required_option(std::string name, std::string value_name, std::string help);
  Command& positional(std::string name, std::string help);
  Command& optional_positional(std::string name, std::string help, std::string fallback = {});
  /// Takes all that is left, at least one. Must be declared last.
  Command& repeated_positional(std::string name, std::string help);
  /// The same, but there may be none.
  Command& repeated_optional_positional(std::string name, std::string help);
  /// Free text below the options: examples, exit codes. Printed as it stands.
  Command& notes(std::string text);

  /// `arguments` begin behind the command's own name. Throws UsageError, which for an unknown option names
  /// the nearest one. With --help nothing else is checked.
  ParsedArguments parse(std::span<const std::string> arguments) const;
  std::string help() const;
  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }

 private:
  struct Option {
    std::string name;
    std::string value_name;  // empty: a flag
    std::string help;
    std::string fallback;
    bool required = false;
  };
  struct Positional {
    std::string name;
    std::string help;
    std::string fallback;
    bool required = true;
    bool repeated = false;
  };
  const Option& find_option(std::string_view name) const;
  void take_positionals(std::vector<std::string> given, ParsedArguments& parsed) const;
  std::string usage_line() const;

  std::string name_;
  std::string summary_;
  std::vector<Option> options_;
  std::vector<Positional> positionals_;
  std::string notes_;
};

/// The entry of `names` that `text` was most likely meant to be; empty when none is near.
std::string nearest(std::string_view text, std::span<const std::string> names);

/// Reads "250ms", "5s", "2m", "1h", "3" (seconds); nullopt when it is none of these.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// argv without the program's name.
std::vector<std::string> arguments_of(int argc, char** argv);

}  // namespace questclient::cli
