#include "cli/program.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <unistd.h>

namespace questclient::cli {
namespace {

std::string entry(const Subcommand& subcommand) {
  const Command command = subcommand.describe();
  return "  " + command.name() + "\n      " + command.summary() + "\n";
}

std::string overview(const Program& program) {
  std::string text = program.purpose + "\n\nUsage: " + program.name + " COMMAND ...\n\n";
  for (const Subcommand& subcommand : program.subcommands) text += entry(subcommand);
  return text + "\n'" + program.name + " COMMAND --help' explains a command.\n" + program.notes;
}

bool begins_with(std::span<const std::string> arguments, const std::vector<std::string>& words) {
  return arguments.size() >= words.size() && std::equal(words.begin(), words.end(), arguments.begin());
}

bool is_help(const std::string& argument) {
  return argument == "--help" || argument == "-h";
}

/// Commands that begin as the arguments do, as far as they go: "slot" is a word of several.
struct Family {
  std::size_t words = 0;  ///< So many of the arguments are theirs.
  std::vector<const Subcommand*> members;
};

Family family_of(const Program& program, std::span<const std::string> arguments) {
  Family family;
  for (const Subcommand& subcommand : program.subcommands) {
    const auto& words = subcommand.words;
    const auto end = std::mismatch(words.begin(), words.end(), arguments.begin(), arguments.end()).first;
    const auto common = static_cast<std::size_t>(end - words.begin());
    if (common < family.words) continue;
    if (common > family.words) family.members.clear();
    family.words = common;
    if (common < words.size()) family.members.push_back(&subcommand);
  }
  return family;
}

std::string joined(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

[[noreturn]] void refuse(const Program& program, const Family& family,
                         std::span<const std::string> arguments) {
  const std::string known = joined(arguments.first(family.words));
  std::string choices;
  std::vector<std::string> next;
  for (const Subcommand* member : family.members) {
    choices += "\n  " + member->describe().name();
    next.push_back(member->words[family.words]);
  }
  if (family.words == arguments.size())
    throw UsageError("'" + known + "' needs to know what to do:" + choices);
  const std::string near = nearest(arguments[family.words], next);
  std::string text = "there is no command '" + joined(arguments.first(family.words + 1)) + "'";
  if (!near.empty()) text += "; did you mean '" + (known.empty() ? near : known + " " + near) + "'?";
  if (!known.empty()) throw UsageError(text + (near.empty() ? ". There are:" : " There are:") + choices);
  throw UsageError(near.empty() ? text + "; '" + program.name + " --help' lists them" : text);
}

const Subcommand* find(const Program& program, std::span<const std::string> arguments) {
  const Subcommand* found = nullptr;
  for (const Subcommand& subcommand : program.subcommands) {
    const bool longer = found == nullptr || subcommand.words.size() > found->words.size();
    if (longer && begins_with(arguments, subcommand.words)) found = &subcommand;
  }
  return found;
}

int run(const Program& program, const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << overview(program);
    return kExitUsage;
  }
  if (is_help(arguments[0]) || arguments[0] == "help") {
    std::cout << overview(program);
    return kExitOk;
  }
  if (arguments[0] == "--version") {
    std::cout << program.name << " " << QUESTCLIENT_VERSION << "\n";
    return kExitOk;
  }
  const Subcommand* subcommand = find(program, arguments);
  if (subcommand == nullptr) {
    const Family family = family_of(program, arguments);
    if (family.words == arguments.size() || !is_help(arguments[family.words]))
      refuse(program, family, arguments);
    for (const Subcommand* member : family.members) std::cout << entry(*member);
    return kExitOk;
  }
  const Command command = subcommand->describe();
  const auto parsed = command.parse(std::span(arguments).subspan(subcommand->words.size()));
  if (parsed.help_wanted()) {
    std::cout << command.help();
    return kExitOk;
  }
  return subcommand->run(parsed);
}

/// A file or a socket that takes the number of a closed standard stream would be written into. What stands
/// there now fails whoever uses it.
void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1) continue;
    const int wrong_way = stream == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", wrong_way) < 0) return;  // the lowest number that is free
  }
}

void end_as_by_sigpipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
}

}  // namespace

void flush_output() {
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && std::cout && std::ferror(stdout) == 0) return;
  // What failed earlier does not say why any more.
  throw OutputError(errno == 0 ? EIO : errno);
}

int run_program(const Program& program, int argc, char** argv) {
  occupy_standard_streams();
  try {
    const int code = run(program, arguments_of(argc, argv));
    flush_output();
    return code;
  } catch (const OutputError& error) {
    if (error.code() == std::errc::broken_pipe) end_as_by_sigpipe();
    std::cerr << program.name << ": " << error.what() << "\n";
    return kExitFailed;
  } catch (const UsageError& error) {
    std::cerr << program.name << ": " << error.what() << "\n";
    return kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << program.name << ": " << error.what() << "\n";
    return kExitFailed;
  }
}

}  // namespace questclient::cli
