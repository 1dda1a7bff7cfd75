// What `send` is told to send, opened.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <questclient/options.hpp>

#include "byte_source.hpp"
#include "cli/arguments.hpp"
#include "console.hpp"
#include "csv_input.hpp"
#include "row_source.hpp"
#include "sent_files.hpp"

namespace questclient::tool {

class IlpRows;

class SendInput {
 public:
  /// Throws InputError, cli::UsageError, Error{invalid_name}.
  SendInput(const cli::ParsedArguments& arguments, const Options& options, Console& console);
  ~SendInput();

  RowSource& rows();
  FileSource& source() { return csv_ ? csv_->file() : *file_; }
  std::uint64_t empty_rows() const { return csv_ ? csv_->rows().empty_rows() : 0; }
  /// Instead of at the start.
  void go_on_at(const Place& place);
  /// nullopt: it is no regular file.
  std::optional<SentFiles> sent_files() const;

 private:
  void open_csv(const cli::ParsedArguments& arguments, const Options& options);

  std::string path_;
  std::string how_ = "ilp";
  std::string options_;               // what else decides what the rows become
  std::unique_ptr<FileSource> file_;  // of ILP
  std::unique_ptr<IlpRows> ilp_rows_;
  std::unique_ptr<CsvInput> csv_;
};

}  // namespace questclient::tool
