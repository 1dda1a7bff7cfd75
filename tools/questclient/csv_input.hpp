// A file or standard input, opened as rows.
#pragma once

#include <memory>
#include <string>

#include <questclient/line_buffer.hpp>

#include "byte_source.hpp"
#include "csv_columns.hpp"
#include "csv_rows.hpp"
#include "row_source.hpp"

namespace questclient::tool {

/// CSV whose columns are typed: a file is read twice, standard input is looked at as far as kSampleRows or
/// kSampleBytes go.
class CsvInput {
 public:
  static constexpr std::uint64_t kSampleRows = 10'000;
  static constexpr std::size_t kSampleBytes = std::size_t{16} << 20;

  /// Throws InputError, cli::UsageError, Error{invalid_name}.
  CsvInput(const std::string& path, const CsvOptions& options, const std::string& table, LineBuffer buffer);

  /// Instead of at the start.
  void go_on_at(const Place& place);

  CsvRows& rows() { return *rows_; }
  FileSource& file() { return *file_; }
  const std::vector<CsvColumn>& columns() const { return columns_; }

 private:
  std::vector<CsvColumn> read_header(CsvReader& reader, const CsvOptions& options);

  std::string path_;
  std::unique_ptr<FileSource> file_;
  std::unique_ptr<RewindingSource> sampled_;
  std::unique_ptr<CsvReader> reader_;
  std::vector<CsvColumn> columns_;
  std::unique_ptr<CsvRows> rows_;
};

}  // namespace questclient::tool
