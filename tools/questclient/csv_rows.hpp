// Rows of a CSV file, encoded as ILP.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/line_buffer.hpp>

#include "csv_columns.hpp"
#include "csv_reader.hpp"
#include "row_source.hpp"

namespace questclient::tool {

class CsvRows final : public RowSource {
 public:
  /// `reader` stands behind the header; every column has its type. Throws Error{invalid_name}.
  CsvRows(CsvReader& reader, std::vector<CsvColumn> columns, CsvOptions options, const std::string& table,
          LineBuffer buffer);

  /// Before the first row: the reader stands at this place.
  void go_on_at(const Place& place) { place_ = place; }

  bool next() override;
  const Place& place() const override { return place_; }
  std::string_view payload() const override { return buffer_.payload(); }
  std::span<const std::uint32_t> row_lengths() const override { return buffer_.row_lengths(); }
  void clear() override { buffer_.clear(); }

  bool has_timestamp() const { return designated_ != kNone; }
  /// Rows in which every column is null: there is nothing of them to send.
  std::uint64_t empty_rows() const { return empty_rows_; }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  bool encode_row();
  void move_place();
  void encode_value(std::size_t index);
  [[noreturn]] void refuse(std::size_t index, const std::string& why) const;
  [[noreturn]] void refuse_value(std::size_t index, const std::string& expected) const;

  CsvReader& reader_;
  std::vector<CsvColumn> columns_;
  CsvOptions options_;
  TableName table_;
  LineBuffer buffer_;
  std::vector<ColumnName> names_;   // as columns_
  std::vector<std::size_t> order_;  // symbols first, as ILP wants them; without the designated timestamp
  std::size_t designated_ = kNone;
  std::vector<std::string_view> fields_;
  std::uint64_t empty_rows_ = 0;
  Place place_;
};

}  // namespace questclient::tool
