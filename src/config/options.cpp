#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <vector>

#include <questclient/error.hpp>
#include <questclient/options.hpp>

#include "config/consistency.hpp"
#include "config/keys.hpp"
#include "config/shown_value.hpp"
#include "config/values.hpp"

namespace questclient {
namespace {

using config::Fault;
using config::join;
using config::Key;

[[noreturn]] void fail(std::initializer_list<std::string_view> message) {
  throw Error(ErrorCode::config, Disposition::fix_and_resend, join({"Configuration: ", join(message), "."}));
}

std::string shown(const Key& key, std::string_view value) {
  return key.is_secret ? "***" : config::shown_value(value);
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_key_character);
}

Transport parse_schema(std::string_view schema) {
  if (schema == "http") return Transport::http;
  if (schema == "https") return Transport::https;
  if (schema == "tcp") return Transport::tcp;
  if (schema == "tcps") return Transport::tcps;
  if (schema == "ws" || schema == "wss") {
    fail({"the schema ", schema, " is QuestDB's protocol QWP, which this version does not speak; use http",
          schema == "wss" ? "s" : ""});
  }
  fail({"the schema ", is_word(schema) ? join({"\"", schema, "\""}) : "before '::'",
        " is not one of http, https, tcp, tcps; begin with http::addr=host:9000;"});
}

// A number that was cast to it need not be one.
bool is_transport(Transport transport) {
  switch (transport) {
    case Transport::http:
    case Transport::https:
    case Transport::tcp:
    case Transport::tcps:
      return true;
  }
  return false;
}

// One `key=value` and where it stood.
struct Pair {
  std::string_view key;
  std::string value;  // with ";;" read as ';'
  std::size_t at = 0;
};

/// Reads `key=value;` pairs one after the other. What follows a secret may be a part of it (a ';' that was
/// not doubled), so it is not shown unless it resembles a key.
class PairReader {
 public:
  PairReader(std::string_view conf, std::size_t start) : conf_(conf), at_(start) {}

  bool next(Pair& pair) {
    if (at_ >= conf_.size()) return false;
    pair.at = at_;
    pair.key = read_key();
    pair.value = read_value();
    return true;
  }

  void after_secret() { after_secret_ = true; }

  /// Whether a key may stand in a message.
  bool may_show(std::string_view key) const {
    return is_word(key) && (!after_secret_ || config::resembles_key(key));
  }

  /// How to name a key in a message.
  std::string name(std::string_view key, std::size_t at) const {
    if (may_show(key)) return join({"\"", key, "\""});
    const std::string_view why = after_secret_ ? " (after a secret: is a ';' in it not doubled?)" : "";
    return join({"at character ", std::to_string(at + 1), why});
  }

 private:
  std::string_view read_key() {
    const std::size_t start = at_;
    while (at_ < conf_.size() && is_key_character(conf_[at_])) ++at_;
    const std::string_view key = conf_.substr(start, at_ - start);
    if (key.empty())
      fail({"a key is missing ", name({}, start), "; write key=value; and ';;' for a ';' in a value"});
    if (at_ == conf_.size() || conf_[at_] != '=') {
      fail({"the key ", name(key, start), " is not followed by '='; write key=value;"});
    }
    ++at_;
    return key;
  }

  std::string read_value() {
    std::string value;
    for (; at_ < conf_.size(); ++at_) {
      if (conf_[at_] == ';') {
        ++at_;
        if (at_ == conf_.size() || conf_[at_] != ';') return value;
      }
      value += conf_[at_];
    }
    return value;
  }

  std::string_view conf_;
  std::size_t at_;
  bool after_secret_ = false;
};

[[noreturn]] void refuse_key(const PairReader& reader, const Pair& pair) {
  const std::string name = reader.name(pair.key, pair.at);
  const std::string_view advice = config::advice_for_unsupported(pair.key);
  if (!advice.empty()) {
    fail({"the key ", name, " is known to QuestDB's clients and not supported by this version; ", advice});
  }
  if (!reader.may_show(pair.key)) fail({"unknown key ", name});
  const std::string_view nearest = config::nearest_key(pair.key);
  if (nearest.empty()) fail({"unknown key ", name, "; no key has a name like it"});
  fail({"unknown key ", name, "; the nearest that exists is \"", nearest, "\""});
}

/// Reads every pair and returns the keys that were given, aliases resolved.
std::vector<const Key*> read_pairs(PairReader& reader, Options& options) {
  std::vector<const Key*> seen;
  Pair pair;
  while (reader.next(pair)) {
    const Key* key = config::find_key(pair.key);
    if (key == nullptr) refuse_key(reader, pair);
    const std::string name(pair.key);
    const bool repeated = std::find(seen.begin(), seen.end(), key) != seen.end();
    if (repeated && key->name != "addr") {
      const std::string means = key->name == name ? "" : join({" (", key->name, ")"});
      fail({"the key ", name, means, " stands twice; give it once"});
    }
    seen.push_back(key);
    if (pair.value.empty()) {
      const bool has_default = key->check(*key, Options{}).empty();
      fail({name, " has an empty value; ",
            has_default ? "leave the key out to get its default" : join({"write ", key->expects})});
    }
    if (const Fault fault = key->parse(*key, options, pair.value); !fault.empty()) {
      fail({name, "=", shown(*key, pair.value), " ", fault});
    }
    if (key->is_secret) reader.after_secret();
  }
  return seen;
}

}  // namespace

Options Options::from_conf(std::string_view conf) {
  const std::size_t separator = conf.find("::");
  if (separator == std::string_view::npos) {
    fail({"the connect string has no '::'; write http::addr=host:9000;"});
  }
  Options options;
  options.transport = parse_schema(conf.substr(0, separator));
  PairReader reader(conf, separator + 2);
  const std::vector<const Key*> given = read_pairs(reader, options);
  if (const Fault fault = config::without_effect(options, given); !fault.empty()) fail({fault});
  options.validate();
  return options;
}

Options Options::from_env() {
  const char* conf = std::getenv("QDB_CLIENT_CONF");
  if (conf == nullptr) {
    fail({"the environment variable QDB_CLIENT_CONF is not set; set it to http::addr=host:9000;"});
  }
  return from_conf(conf);
}

void Options::validate() const {
  if (!is_transport(transport)) fail({"transport is not one of http, https, tcp, tcps"});
  for (const Key& key : config::keys()) {
    const Fault fault = key.check(key, *this);
    if (fault.empty()) continue;
    const std::string value = key.print(*this);
    fail({key.name, value.empty() ? " " : join({"=", shown(key, value), " "}), fault});
  }
  if (const Fault fault = config::contradiction(*this); !fault.empty()) fail({fault});
}

std::vector<OptionKey> option_keys() {
  const Options defaults;
  std::vector<OptionKey> listed;
  for (const Key& key : config::keys()) {
    listed.push_back({std::string(key.name), std::string(key.meaning), std::string(key.expects),
                      key.print(defaults), std::string(key.group), key.is_secret, config::aliases_of(key)});
  }
  return listed;
}

std::vector<std::pair<std::string, std::string>> describe(const Options& options) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const Key& key : config::keys()) {
    const std::string value = key.print(options);
    values.emplace_back(key.name, key.is_secret && !value.empty() ? "***" : value);
  }
  return values;
}

}  // namespace questclient
