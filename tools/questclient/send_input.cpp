#include "send_input.hpp"

#include <utility>

#include "ilp_rows.hpp"

namespace questclient::tool {

SendInput::SendInput(const cli::ParsedArguments& arguments, const Options& options, Console& console)
    : path_(arguments.text("FILE")) {
  if (arguments.has("csv")) {
    open_csv(arguments, options);
    if (arguments.text("timestamp").empty()) {
      console.note(
          "warning: without --timestamp the server stamps each row when it arrives; rows sent twice cannot "
          "be "
          "told apart by a server that is not questnode");
    }
    return;
  }
  for (const char* name : {"table", "symbols", "timestamp", "types", "null", "delimiter"}) {
    if (arguments.has(name)) throw cli::UsageError("--" + std::string(name) + " is for CSV; give --csv too");
  }
  file_ = std::make_unique<FileSource>(path_);
  ilp_rows_ = std::make_unique<IlpRows>(*file_);
}

SendInput::~SendInput() = default;

void SendInput::open_csv(const cli::ParsedArguments& arguments, const Options& options) {
  if (!arguments.has("table"))
    throw cli::UsageError("--csv needs --table NAME, the table that the rows go to");
  CsvOptions csv;
  csv.symbols = arguments.text("symbols");
  csv.timestamp = arguments.text("timestamp");
  csv.types = arguments.text("types");
  if (arguments.has("null")) csv.null_texts = arguments.all("null");
  csv.delimiter = read_delimiter(arguments.text("delimiter"));
  csv.delimiter_given = arguments.has("delimiter");
  LineBuffer::Options buffer;
  buffer.version = static_cast<ProtocolVersion>(options.line_version());
  buffer.max_name_len = options.max_name_len;
  csv_ = std::make_unique<CsvInput>(path_, csv, arguments.text("table"), LineBuffer(buffer));
  how_ = "csv " + arguments.text("table");
  options_ = csv.symbols + '\n' + csv.timestamp + '\n' + csv.types + '\n' + csv.delimiter;
  for (const std::string& text : csv.null_texts) options_ += '\n' + text;
}

RowSource& SendInput::rows() {
  if (csv_) return csv_->rows();
  return *ilp_rows_;
}

void SendInput::go_on_at(const Place& place) {
  if (csv_) return csv_->go_on_at(place);
  file_->seek(place.offset);
  ilp_rows_->go_on_at(place);
}

std::optional<SentFiles> SendInput::sent_files() const {
  const FileSource& source = csv_ ? csv_->file() : *file_;
  return SentFiles::of(path_, source.descriptor(), how_, options_);
}

}  // namespace questclient::tool
