// What each column of a CSV file becomes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "csv_reader.hpp"
#include "timestamp_text.hpp"

namespace questclient::tool {

enum class ColumnType : std::uint8_t {
  undecided,  ///< Decided by the values.
  symbol,
  boolean,
  integer,
  floating,
  text,
  timestamp,
  designated,  ///< The row's own timestamp.
};

/// The name of the type as --types takes it.
const char* to_string(ColumnType type);

struct CsvColumn {
  std::string name;
  ColumnType type = ColumnType::undecided;
  TimestampFormat format;
  bool guessed = false;  ///< Decided from the values, not by an option.
};

/// What the command line says about a CSV file.
struct CsvOptions {
  std::string symbols;                        ///< "a,b"
  std::string timestamp;                      ///< "COLUMN" or "COLUMN:FORMAT"; empty: none
  std::string types;                          ///< "a=long,b=timestamp:ms"
  std::vector<std::string> null_texts{"NA"};  ///< Beside the empty field.
  char delimiter = ',';
  bool delimiter_given = false;

  bool is_null(std::string_view field) const;
};

/// The columns of a header line, typed as far as the options say. Throws cli::UsageError (a column that the
/// header does not have, naming the nearest; an unknown type or format) and InputError (a bad header).
std::vector<CsvColumn> plan_columns(const std::vector<std::string_view>& header, const CsvOptions& options);

/// What a value must become to arrive as it is written.
enum class NumberKind : std::uint8_t {
  none,      ///< It is no number.
  floating,  ///< A double holds it: exactly, if it is whole.
  integer,   ///< A whole number that a long holds and a double does not.
  text,      ///< A number with leading zeros, or a whole one that neither holds.
};
NumberKind kind_of(std::string_view text);

/// The character that --delimiter names: itself, or "tab". Throws cli::UsageError.
char read_delimiter(const std::string& text);

/// Decides what is undecided, nulls aside: text if a value is no number or of NumberKind::text; integer if
/// all are whole and a double cannot hold each; else floating.
void decide_columns(std::vector<CsvColumn>& columns, CsvReader& reader, const CsvOptions& options,
                    const std::function<bool(std::uint64_t)>& enough);

/// Is something left to decide?
bool is_undecided(const std::vector<CsvColumn>& columns);

/// Does every record have a field for each column? Throws InputError when not.
void check_width(const std::vector<std::string_view>& fields, const std::vector<CsvColumn>& columns,
                 std::uint64_t line);

/// Surrounding blanks do not matter to numbers.
std::optional<double> read_double(std::string_view text);
std::optional<std::int64_t> read_int64(std::string_view text);
/// true, false, t, f, 1, 0; in any case.
std::optional<bool> read_bool(std::string_view text);

}  // namespace questclient::tool
