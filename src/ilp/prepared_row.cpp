#include <string>
#include <utility>

#include <questclient/error.hpp>
#include <questclient/prepared_row.hpp>

#include "ilp/items.hpp"
#include "ilp/names.hpp"
#include "ilp/unique_names.hpp"

namespace questclient {
namespace {

std::vector<std::string_view> views(std::span<const std::string> names) {
  return {names.begin(), names.end()};
}

}  // namespace

PreparedRow::PreparedRow(NameView table, std::initializer_list<std::string_view> symbols,
                         std::initializer_list<std::string_view> columns, std::size_t max_name_len)
    : PreparedRow(table, std::span(symbols.begin(), symbols.size()),
                  std::span(columns.begin(), columns.size()), max_name_len) {}

PreparedRow::PreparedRow(NameView table, std::span<const std::string> symbols,
                         std::span<const std::string> columns, std::size_t max_name_len)
    : PreparedRow(table, std::span<const std::string_view>(views(symbols)),
                  std::span<const std::string_view>(views(columns)), max_name_len) {}

PreparedRow::PreparedRow(NameView table, std::span<const std::string_view> symbols,
                         std::span<const std::string_view> columns, std::size_t max_name_len)
    : table_(table, max_name_len), symbols_(symbols.size()) {
  std::vector<std::string_view> all(symbols.begin(), symbols.end());
  all.insert(all.end(), columns.begin(), columns.end());
  if (all.empty()) {
    throw Error(ErrorCode::invalid_api_call, Disposition::fix_and_resend,
                "A prepared row of " + ilp::quote(table) + " has neither symbols nor columns; name some.");
  }
  room_ = table_.length_ + ilp::kNumberRoom + 2 * ilp::kSlack;
  for (const std::string_view plain : all) {
    const ColumnName name(plain, max_name_len);
    names_.push_back({encoded_.size(), name.length_});
    encoded_ += name.padded_;
    room_ += name.length_ + ilp::kNumberRoom + ilp::kSlack;
  }
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

}  // namespace questclient
