#include <algorithm>
#include <string>

#include <questclient/error.hpp>
#include <questclient/line_buffer.hpp>
#include <questclient/prepared_row.hpp>

#include "ilp/names.hpp"
#include "ilp/unique_names.hpp"

namespace questclient {
namespace {

std::vector<std::string_view> views(std::span<const std::string> names) {
  return {names.begin(), names.end()};
}

}  // namespace

PreparedRow::PreparedRow(std::string_view table, std::initializer_list<std::string_view> symbols,
                         std::initializer_list<std::string_view> columns, std::size_t max_name_len)
    : PreparedRow(table, std::span(symbols.begin(), symbols.size()),
                  std::span(columns.begin(), columns.size()), max_name_len) {}

PreparedRow::PreparedRow(std::string_view table, std::span<const std::string> symbols,
                         std::span<const std::string> columns, std::size_t max_name_len)
    : PreparedRow(table, std::span<const std::string_view>(views(symbols)),
                  std::span<const std::string_view>(views(columns)), max_name_len) {}

PreparedRow::PreparedRow(std::string_view table, std::span<const std::string_view> symbols,
                         std::span<const std::string_view> columns, std::size_t max_name_len)
    : table_(table, max_name_len), symbols_(symbols.size()) {
  std::vector<std::string_view> all(symbols.begin(), symbols.end());
  all.insert(all.end(), columns.begin(), columns.end());
  if (all.empty()) {
    throw Error(ErrorCode::invalid_api_call, Disposition::fix_and_resend,
                "A prepared row of " + ilp::quote(table) + " has neither symbols nor columns; name some.");
  }
  for (const std::string_view name : all) names_.emplace_back(name, max_name_len);
  ilp::check_unique(std::move(all));
}

RowValue::RowValue(const char* text) : kind_(Kind::text) {
  if (text == nullptr) {
    throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
                "A row's text is a null pointer; give std::nullopt to store NULL. The row is dropped.");
  }
  pointer_ = text;
  size_ = std::string_view(text).size();
}

void RowValue::refuse_unsigned(std::uint64_t value) {
  throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
              "The integer " + std::to_string(value) +
                  " is above 9223372036854775807, the largest that QuestDB stores; send it as text or as a "
                  "double. The row is dropped.");
}

void LineBuffer::add_values(const PreparedRow& row, std::span<const RowValue> values, RowEnd end) {
  using Kind = RowValue::Kind;
  if (values.size() != row.names_.size()) refuse_count(row, values.size());
  table(row.table_);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const ColumnName& name = row.names_[i];
    const RowValue& value = values[i];
    const auto text = [&] { return std::string_view(static_cast<const char*>(value.pointer_), value.size_); };
    if (i < row.symbols_) {
      if (value.kind_ == Kind::missing) continue;
      if (value.kind_ != Kind::text) refuse_symbol(name);
      symbol(name, text());
      continue;
    }
    switch (value.kind_) {
      case Kind::missing:
        break;
      case Kind::boolean:
        column_bool(name, value.integer_ != 0);
        break;
      case Kind::integer:
        column_int64(name, value.integer_);
        break;
      case Kind::real:
        column_double(name, value.real_);
        break;
      case Kind::micros:
        column(name, TimestampMicros{value.integer_});
        break;
      case Kind::nanos:
        column(name, TimestampNanos{value.integer_});
        break;
      case Kind::text:
        column_text(name, text());
        break;
      case Kind::elements:
        column(name, std::span(static_cast<const double*>(value.pointer_), value.size_));
        break;
      case Kind::array:
        column(name, *static_cast<const ArrayView*>(value.pointer_));
        break;
      case Kind::decimal:
        column(name, *static_cast<const Decimal*>(value.pointer_));
        break;
      case Kind::long256:
        column(name, *static_cast<const Long256*>(value.pointer_));
        break;
    }
  }
  if (end.unit_ == 0) return at_now();
  put_designated(end.value_, end.unit_);
}

}  // namespace questclient
