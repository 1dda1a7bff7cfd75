#include "csv_columns.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "cli/arguments.hpp"

namespace questclient::tool {

namespace {

constexpr std::array kNames{
    std::pair{ColumnType::symbol, "symbol"}, std::pair{ColumnType::boolean, "bool"},
    std::pair{ColumnType::integer, "long"},  std::pair{ColumnType::floating, "double"},
    std::pair{ColumnType::text, "string"},   std::pair{ColumnType::timestamp, "timestamp"},
};

std::vector<std::string_view> split(std::string_view list, char separator) {
  std::vector<std::string_view> parts;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(separator), list.size());
    parts.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return parts;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view without_sign(std::string_view number) {
  number = trimmed(number);
  if (!number.empty() && (number.front() == '+' || number.front() == '-')) number.remove_prefix(1);
  return number;
}

bool is_whole(std::string_view number) {
  return !number.empty() &&
         std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

CsvColumn& column_named(std::vector<CsvColumn>& columns, std::string_view name, const std::string& option) {
  std::vector<std::string> names;
  for (CsvColumn& column : columns) {
    if (column.name == name) return column;
    names.push_back(column.name);
  }
  const std::string near = cli::nearest(name, names);
  throw cli::UsageError(option + ": the header has no column '" + std::string(name) + "'" +
                        (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

void set_type(CsvColumn& column, ColumnType type, const std::string& option) {
  if (column.type != ColumnType::undecided) {
    throw cli::UsageError(option + ": column '" + column.name + "' has a type already, " +
                          to_string(column.type));
  }
  column.type = type;
}

void set_format(CsvColumn& column, std::string_view format, const std::string& option) {
  const auto known = TimestampFormat::parse(format);
  if (!known) {
    throw cli::UsageError(option + ": '" + std::string(format) +
                          "' is no timestamp format; use iso, s, ms, us, ns or a strptime pattern such as "
                          "%d/%m/%Y %H:%M:%S");
  }
  column.format = *known;
}

/// A file that is not separated as we think has few columns with long names.
void check_separators(const std::vector<std::string_view>& header, const CsvOptions& options) {
  for (const std::string_view name : header) {
    if (name.find('\r') != std::string_view::npos && name.find('\n') == std::string_view::npos) {
      throw InputError(
          "line 1: the lines end with CR alone, which is not understood; write them with LF: "
          "tr '\\r' '\\n' < FILE");
    }
  }
  if (header.size() != 1 || options.delimiter_given) return;
  for (const auto& [other, name] : {std::pair{';', "';'"}, std::pair{'\t', "tab"}, std::pair{'|', "'|'"}}) {
    if (header[0].find(other) == std::string_view::npos) continue;
    throw InputError("line 1: the header is one column, '" + std::string(header[0].substr(0, 60)) +
                     "'; if its columns are separated otherwise give --delimiter " + name +
                     ", if it is one column --delimiter ,");
  }
}

void apply_types(std::vector<CsvColumn>& columns, const std::string& types) {
  for (const std::string_view entry : split(types, ',')) {
    const std::size_t equals = entry.rfind('=');
    if (equals == std::string_view::npos) {
      throw cli::UsageError("--types: '" + std::string(entry) + "' is not of the form column=type");
    }
    CsvColumn& column = column_named(columns, entry.substr(0, equals), "--types");
    std::string_view type = entry.substr(equals + 1);
    const std::size_t colon = type.find(':');
    if (colon != std::string_view::npos && type.substr(0, colon) == "timestamp") {
      set_format(column, type.substr(colon + 1), "--types");
      type = type.substr(0, colon);
    }
    const auto found =
        std::find_if(kNames.begin(), kNames.end(), [&](const auto& name) { return name.second == type; });
    if (found == kNames.end()) {
      throw cli::UsageError("--types: '" + std::string(type) +
                            "' is no type; use symbol, bool, long, double, string "
                            "or timestamp[:FORMAT]");
    }
    set_type(column, found->first, "--types");
  }
}

}  // namespace

const char* to_string(ColumnType type) {
  if (type == ColumnType::designated) return "the row's timestamp";
  for (const auto& [known, name] : kNames) {
    if (known == type) return name;
  }
  return "undecided";
}

bool CsvOptions::is_null(std::string_view field) const {
  return field.empty() || std::find(null_texts.begin(), null_texts.end(), field) != null_texts.end();
}

std::vector<CsvColumn> plan_columns(const std::vector<std::string_view>& header, const CsvOptions& options) {
  check_separators(header, options);
  std::vector<CsvColumn> columns;
  for (const std::string_view name : header) {
    if (name.empty()) {
      throw InputError("line 1, column " + std::to_string(columns.size() + 1) +
                       ": the header has no name here");
    }
    for (const CsvColumn& earlier : columns) {
      if (earlier.name == name) {
        throw InputError("line 1: two columns are called '" + earlier.name + "'");
      }
    }
    columns.push_back({std::string(name), ColumnType::undecided, {}, false});
  }
  if (!options.timestamp.empty()) {
    const std::string_view given = options.timestamp;
    const bool is_column = std::any_of(columns.begin(), columns.end(),
                                       [&](const CsvColumn& column) { return column.name == given; });
    const std::size_t colon = is_column ? std::string_view::npos : given.find(':');
    CsvColumn& column = column_named(columns, given.substr(0, colon), "--timestamp");
    set_type(column, ColumnType::designated, "--timestamp");
    if (colon != std::string_view::npos) set_format(column, given.substr(colon + 1), "--timestamp");
  }
  for (const std::string_view name : split(options.symbols, ',')) {
    set_type(column_named(columns, name, "--symbols"), ColumnType::symbol, "--symbols");
  }
  apply_types(columns, options.types);
  return columns;
}

void decide_columns(std::vector<CsvColumn>& columns, CsvReader& reader, const CsvOptions& options,
                    const std::function<bool(std::uint64_t)>& enough) {
  struct Undecided {
    std::size_t index;
    bool whole = true;   // every value
    bool large = false;  // some value, for a double
  };
  std::vector<Undecided> undecided;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type != ColumnType::undecided) continue;
    undecided.push_back({i});
    columns[i].guessed = true;
  }
  std::vector<std::string_view> fields;
  for (std::uint64_t rows = 0; !undecided.empty() && !enough(rows) && reader.next(fields); ++rows) {
    check_width(fields, columns, reader.line());
    std::erase_if(undecided, [&](Undecided& column) {
      const std::string_view field = fields[column.index];
      if (options.is_null(field)) return false;
      const NumberKind kind = kind_of(field);
      column.large = column.large || kind == NumberKind::integer;
      column.whole = column.whole && is_whole(without_sign(field));
      if (kind == NumberKind::floating || kind == NumberKind::integer) return false;
      columns[column.index].type = ColumnType::text;
      return true;
    });
  }
  for (const Undecided& column : undecided) {
    columns[column.index].type = column.whole && column.large ? ColumnType::integer : ColumnType::floating;
  }
}

bool is_undecided(const std::vector<CsvColumn>& columns) {
  return std::any_of(columns.begin(), columns.end(),
                     [](const CsvColumn& column) { return column.type == ColumnType::undecided; });
}

void check_width(const std::vector<std::string_view>& fields, const std::vector<CsvColumn>& columns,
                 std::uint64_t line) {
  if (fields.size() == columns.size()) return;
  throw InputError("line " + std::to_string(line) + ": " + std::to_string(fields.size()) +
                   " fields, but the header has " + std::to_string(columns.size()));
}

NumberKind kind_of(std::string_view text) {
  constexpr std::size_t kDigitsOfADouble = std::numeric_limits<double>::digits10;
  const auto value = read_double(text);
  if (!value) return NumberKind::none;
  const std::string_view number = without_sign(text);
  if (number.size() > 1 && number[0] == '0' && is_whole(number.substr(1, 1))) return NumberKind::text;
  if (number.size() <= kDigitsOfADouble || !is_whole(number)) return NumberKind::floating;
  char held[400];
  std::snprintf(held, sizeof held, "%.0f", std::abs(*value));
  if (number == held) return NumberKind::floating;
  return read_int64(text) ? NumberKind::integer : NumberKind::text;
}

char read_delimiter(const std::string& text) {
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() == 1 && text != "\"" && text != "\n" && text != "\r") return text.front();
  throw cli::UsageError("--delimiter takes one character, or tab; not '" + text + "'");
}

std::optional<double> read_double(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> read_int64(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> read_bool(std::string_view text) {
  std::string lower;
  for (const char c : trimmed(text)) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  if (lower == "true" || lower == "t" || lower == "1") return true;
  if (lower == "false" || lower == "f" || lower == "0") return false;
  return std::nullopt;
}

}  // namespace questclient::tool
