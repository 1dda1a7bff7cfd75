#include "csv_input.hpp"

#include <filesystem>
#include <utility>

namespace questclient::tool {

CsvInput::CsvInput(const std::string& path, const CsvOptions& options, const std::string& table,
                   LineBuffer buffer)
    : path_(path == "-" ? "standard input" : path), file_(std::make_unique<FileSource>(path)) {
  sampled_ = std::make_unique<RewindingSource>(*file_);
  reader_ = std::make_unique<CsvReader>(*sampled_, options.delimiter);
  columns_ = read_header(*reader_, options);
  if (is_undecided(columns_)) {
    if (path != "-" && std::filesystem::is_regular_file(path)) {
      FileSource first_pass(path);
      CsvReader reader(first_pass, options.delimiter);
      read_header(reader, options);
      decide_columns(columns_, reader, options, [](std::uint64_t) { return false; });
      for (CsvColumn& column : columns_) column.guessed = false;  // every value has been seen
    } else {
      decide_columns(columns_, *reader_, options, [this](std::uint64_t rows) {
        return rows >= kSampleRows || sampled_->kept_bytes() >= kSampleBytes;
      });
    }
  }
  sampled_->rewind();
  reader_ = std::make_unique<CsvReader>(*sampled_, options.delimiter);
  std::vector<std::string_view> header;
  reader_->next(header);
  rows_ = std::make_unique<CsvRows>(*reader_, columns_, options, table, std::move(buffer));
}

void CsvInput::go_on_at(const Place& place) {
  sampled_->forget();
  file_->seek(place.offset);
  reader_->go_on_at(place.offset, place.line);
  rows_->go_on_at(place);
}

std::vector<CsvColumn> CsvInput::read_header(CsvReader& reader, const CsvOptions& options) {
  std::vector<std::string_view> header;
  if (!reader.next(header))
    throw InputError(path_ + " is empty; a line with the names of the columns is needed");
  return plan_columns(header, options);
}

}  // namespace questclient::tool
