// The kinds of keys: numbers, text and choices. Only keys.cpp includes this.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "config/keys.hpp"
#include "config/values.hpp"

namespace questclient::config {
using std::chrono::milliseconds;

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;
inline constexpr std::uint64_t kTiB = 1024 * kGiB;
inline constexpr std::uint64_t kHourMillis = 3'600'000;

inline Fault expected(const Key& key) {
  return join({"is not ", key.expects});
}

// --- numbers: counts, sizes, durations -------------------------------------------------------------------

template <class Number>
std::optional<std::uint64_t> as_number(const Number& value) {
  if constexpr (std::is_same_v<Number, milliseconds>) {
    if (value.count() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(value.count());
  } else {
    return value;
  }
}

template <class Number>
Number from_number(std::uint64_t value) {
  if constexpr (std::is_same_v<Number, milliseconds>) {
    return milliseconds(static_cast<milliseconds::rep>(value));
  } else if constexpr (std::is_same_v<Number, std::optional<std::uint64_t>>) {
    return value;
  } else {
    return static_cast<Number>(value);
  }
}

inline bool in_range(const Key& key, std::uint64_t value) {
  return (key.may_be_absent && value == 0) || (value >= key.least && value <= key.most);
}

template <auto Member, bool kIsSize>
Fault parse_number(const Key& key, Options& options, std::string_view text) {
  using Number = std::remove_cvref_t<decltype(options.*Member)>;
  auto value = kIsSize ? parse_size(text) : parse_count(text);
  if (key.may_be_absent && text == "off") value = 0;
  if (!value || !in_range(key, *value)) return expected(key);
  options.*Member = from_number<Number>(*value);
  return {};
}

template <auto Member, bool kIsSize>
std::string print_number(const Options& options) {
  const auto value = as_number(options.*Member);
  if (!value) return {};
  return kIsSize ? print_size(*value) : std::to_string(*value);
}

template <auto Member>
Fault check_number(const Key& key, const Options& options) {
  using Number = std::remove_cvref_t<decltype(options.*Member)>;
  const auto value = as_number(options.*Member);
  if (!value) return std::is_same_v<Number, milliseconds> ? expected(key) : Fault();
  return in_range(key, *value) ? Fault() : expected(key);
}

template <auto Member, bool kIsSize = false>
constexpr Key number(std::string_view name, std::uint64_t least, std::uint64_t most, std::string_view expects,
                     std::string_view meaning) {
  return {.name = name,
          .meaning = meaning,
          .expects = expects,
          .least = least,
          .most = most,
          .parse = parse_number<Member, kIsSize>,
          .print = print_number<Member, kIsSize>,
          .check = check_number<Member>};
}

template <auto Member>
constexpr Key size(std::string_view name, std::uint64_t least, std::uint64_t most, std::string_view expects,
                   std::string_view meaning) {
  return number<Member, true>(name, least, most, expects, meaning);
}

constexpr Key or_off(Key key) {
  key.may_be_absent = true;
  return key;
}

// --- text ------------------------------------------------------------------------------------------------

template <std::string Options::*Member>
Fault check_text(const Key&, const Options& options) {
  const std::string& text = options.*Member;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return std::any_of(text.begin(), text.end(), is_control) ? "holds a control character" : Fault();
}

template <std::string Options::*Member>
Fault parse_text(const Key& key, Options& options, std::string_view text) {
  options.*Member = text;
  return key.check(key, options);
}

template <std::string Options::*Member>
std::string print_text(const Options& options) {
  return options.*Member;
}

template <std::string Options::*Member>
constexpr Key text(std::string_view name, std::string_view meaning, bool is_secret = false) {
  return {.name = name,
          .meaning = meaning,
          .expects = "text",
          .is_secret = is_secret,
          .parse = parse_text<Member>,
          .print = print_text<Member>,
          .check = check_text<Member>};
}

// --- choices ---------------------------------------------------------------------------------------------

/// The words of a choice. The first that stands for a value is the one that is printed.
template <class Value, std::size_t kCount>
using Words = std::array<std::pair<std::string_view, Value>, kCount>;

template <auto Member, const auto& kWords>
Fault parse_choice(const Key& key, Options& options, std::string_view text) {
  for (const auto& [word, value] : kWords) {
    if (word != text) continue;
    options.*Member = value;
    return {};
  }
  return expected(key);
}

template <auto Member, const auto& kWords>
std::string print_choice(const Options& options) {
  for (const auto& [word, value] : kWords) {
    if (value == options.*Member) return std::string(word);
  }
  return {};
}

template <auto Member, const auto& kWords>
Fault check_choice(const Key& key, const Options& options) {
  return print_choice<Member, kWords>(options).empty() ? expected(key) : Fault();
}

template <auto Member, const auto& kWords>
constexpr Key choice(std::string_view name, std::string_view expects, std::string_view meaning) {
  return {.name = name,
          .meaning = meaning,
          .expects = expects,
          .parse = parse_choice<Member, kWords>,
          .print = print_choice<Member, kWords>,
          .check = check_choice<Member, kWords>};
}

}  // namespace questclient::config
