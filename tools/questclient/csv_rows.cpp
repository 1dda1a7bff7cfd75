#include "csv_rows.hpp"

#include <algorithm>
#include <utility>

#include <questclient/error.hpp>

namespace questclient::tool {

CsvRows::CsvRows(CsvReader& reader, std::vector<CsvColumn> columns, CsvOptions options,
                 const std::string& table, LineBuffer buffer)
    : reader_(reader),
      columns_(std::move(columns)),
      options_(std::move(options)),
      table_(table),
      buffer_(std::move(buffer)) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    names_.emplace_back(columns_[i].name);
    if (columns_[i].type == ColumnType::designated) {
      designated_ = i;
    } else {
      order_.push_back(i);
    }
  }
  std::stable_partition(order_.begin(), order_.end(),
                        [&](std::size_t i) { return columns_[i].type == ColumnType::symbol; });
}

void CsvRows::refuse(std::size_t index, const std::string& why) const {
  throw InputError("line " + std::to_string(reader_.line()) + ", column '" + columns_[index].name +
                   "': " + why);
}

void CsvRows::refuse_value(std::size_t index, const std::string& expected) const {
  const CsvColumn& column = columns_[index];
  refuse(index, "'" + std::string(fields_[index].substr(0, 60)) + "' is not " + expected +
                    (column.guessed ? ", as the values in the first rows were" : "") +
                    "; to send the column as text, give --types " + column.name + "=string");
}

bool CsvRows::next() {
  while (reader_.next(fields_)) {
    check_width(fields_, columns_, reader_.line());
    if (encode_row()) {
      move_place();
      ++place_.rows;
      place_.last_row_offset = reader_.offset();
      place_.last_row_line = reader_.line();
      return true;
    }
    ++empty_rows_;
  }
  move_place();
  return false;
}

void CsvRows::move_place() {
  place_.offset = reader_.next_offset();
  place_.line = reader_.next_line();
}

bool CsvRows::encode_row() {
  const bool has_values =
      std::any_of(order_.begin(), order_.end(), [&](std::size_t i) { return !options_.is_null(fields_[i]); });
  if (!has_values) return false;
  std::optional<std::int64_t> timestamp;
  if (designated_ != kNone) {
    timestamp = columns_[designated_].format.read(fields_[designated_]);
    if (!timestamp) {
      refuse(designated_, "'" + std::string(fields_[designated_].substr(0, 60)) +
                              "' is not a timestamp of the format " + columns_[designated_].format.name() +
                              "; name another with --timestamp " + columns_[designated_].name + ":FORMAT");
    }
  }
  std::size_t current = designated_;
  try {
    buffer_.table(table_);
    for (const std::size_t i : order_) {
      current = i;
      if (!options_.is_null(fields_[i])) encode_value(i);
    }
    current = designated_;
    if (timestamp) {
      buffer_.at(TimestampNanos{*timestamp});
    } else {
      buffer_.at_now();
    }
  } catch (const Error& error) {
    buffer_.cancel_row();
    if (current != kNone) refuse(current, error.what());
    throw InputError("line " + std::to_string(reader_.line()) + ": " + error.what());
  } catch (const InputError&) {
    buffer_.cancel_row();
    throw;
  }
  return true;
}

void CsvRows::encode_value(std::size_t index) {
  const std::string_view field = fields_[index];
  const ColumnName& name = names_[index];
  switch (columns_[index].type) {
    case ColumnType::symbol:
      buffer_.symbol(name, field);
      return;
    case ColumnType::text:
      buffer_.column(name, field);
      return;
    case ColumnType::boolean:
      if (const auto value = read_bool(field)) {
        buffer_.column(name, *value);
        return;
      }
      refuse_value(index, "true or false");
    case ColumnType::integer:
      if (const auto value = read_int64(field)) {
        buffer_.column(name, *value);
        return;
      }
      refuse_value(index, "a whole number");
    case ColumnType::timestamp:
      if (const auto value = columns_[index].format.read(field)) {
        buffer_.column(name, TimestampNanos{*value});
        return;
      }
      refuse_value(index, "a timestamp of the format " + columns_[index].format.name());
    case ColumnType::floating:
    case ColumnType::undecided:
    case ColumnType::designated:
      // Seen too late for the choice of the type; a double would change it without a word.
      if (const NumberKind kind = columns_[index].guessed ? kind_of(field) : NumberKind::none;
          kind == NumberKind::integer || kind == NumberKind::text) {
        refuse_value(index, "a number that a double holds as it is written");
      }
      if (const auto value = read_double(field)) {
        buffer_.column(name, *value);
        return;
      }
      refuse_value(index, "a number");
  }
}

}  // namespace questclient::tool
