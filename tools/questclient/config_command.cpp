// questclient config: the keys of the connect string, and what a connect string means.
#include <algorithm>
#include <iostream>

#include <nlohmann/json.hpp>

#include <questclient/options.hpp>
#include <questclient/sender.hpp>

#include "commands.hpp"
#include "json_text.hpp"
#include "text_table.hpp"

namespace questclient::tool {

namespace {

constexpr std::size_t kTextWidth = 100;

/// Breaks between words; every line begins with `indent`.
std::string wrapped(const std::string& text, const std::string& indent) {
  std::string out, line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > kTextWidth) {
      out += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return line.empty() ? out : out + indent + line + "\n";
}

std::string explained(const std::vector<OptionKey>& keys) {
  std::string out =
      "A connect string is schema::key=value;key=value; with ;; for a literal semicolon.\n"
      "Schemas: http, https (port 9000), tcp, tcps (port 9009).\n"
      "Sizes take k, m, g, t (1024); keys that end in _millis or _ms take milliseconds.\n";
  std::string group;
  for (const OptionKey& key : keys) {
    if (key.group != group) out += "\n" + key.group + "\n";
    group = key.group;
    const std::string note = key.default_value.empty() ? "" : " (default " + key.default_value + ")";
    out += "  " + key.name + "=" + key.expects + note + (key.is_secret ? " [secret]" : "") + "\n";
    out += wrapped(key.meaning, "      ");
    for (const std::string& alias : key.aliases) out += "      " + alias + "= means the same.\n";
  }
  return out;
}

}  // namespace

cli::Command config_command() {
  cli::Command command("questclient config",
                       "Explains the connect string: every key, its values and its default.");
  command.flag("explain", "Print every key (this is what the command does anyway)")
      .flag("json", "Print a JSON list")
      .optional_positional("KEY", "Only this key")
      .notes(R"(Examples:
  questclient config --explain
  questclient config sf_durability
  questclient config --json | jq -r '.[] | select(.group == "buffer") | .name'

See also: questclient config check --help

Exit codes: 0 done; 2 there is no such key, or the command line is wrong.
)");
  return command;
}

int run_config(const cli::ParsedArguments& arguments) {
  std::vector<OptionKey> keys = option_keys();
  if (arguments.has("KEY")) {
    const std::string& wanted = arguments.text("KEY");
    std::vector<std::string> names;
    for (const OptionKey& key : keys) {
      names.push_back(key.name);
      names.insert(names.end(), key.aliases.begin(), key.aliases.end());
    }
    std::erase_if(keys, [&](const OptionKey& key) {
      return key.name != wanted && std::count(key.aliases.begin(), key.aliases.end(), wanted) == 0;
    });
    const std::string near = cli::nearest(wanted, names);
    if (keys.empty())
      throw cli::UsageError("the connect string has no key '" + wanted + "'" +
                            (near.empty() ? "" : "; did you mean '" + near + "'?"));
  }
  if (!arguments.has("json")) {
    std::cout << explained(keys);
    return cli::kExitOk;
  }
  Json json = Json::array();
  for (const OptionKey& key : keys)
    json.push_back({{"name", key.name},
                    {"group", key.group},
                    {"expects", key.expects},
                    {"default", key.default_value.empty() ? Json() : Json(key.default_value)},
                    {"secret", key.is_secret},
                    {"aliases", key.aliases},
                    {"meaning", key.meaning}});
  print_json(json);
  return cli::kExitOk;
}

cli::Command config_check_command() {
  cli::Command command("questclient config check",
                       "Checks a connect string and the files that it names, and prints what it means.");
  command.flag("changed", "Only what is not at its default")
      .flag("json", "Print a JSON object")
      .optional_positional("CONF", "The connect string (default: environment variable QDB_CLIENT_CONF)")
      .notes(
          R"(Says what a sender would say at its start (tls_roots, sf_key and the key of tcp are read), without connecting
and without opening the slot. Prints every key with the value that a sender would use; secrets as ***.

Examples:
  questclient config check 'http::addr=a:9000,b:9000;sf_dir=/var/lib/quest;'
  questclient config check --changed

Exit codes: 0 it is right; 1 it is wrong (the message names the key, and the nearest one that there is), or a file
or key that it names cannot be used; 2 the command line is wrong.
)");
  return command;
}

int run_config_check(const cli::ParsedArguments& arguments) {
  const Options options =
      arguments.has("CONF") ? Options::from_conf(arguments.text("CONF")) : Options::from_env();
  Sender::check(options);
  const std::vector<OptionKey> keys = option_keys();
  TextTable table;
  table.header = {"key", "value"};
  table.right_aligned = {false, false};
  Json json = Json::object();
  for (const auto& [name, value] : describe(options)) {
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const OptionKey& entry) { return entry.name == name; });
    if (arguments.has("changed") && key != keys.end() && key->default_value == value) continue;
    table.rows.push_back({name, value});
    json[name] = value;
  }
  if (arguments.has("json"))
    print_json(json);
  else
    std::cout << table.to_string();
  return cli::kExitOk;
}

}  // namespace questclient::tool
