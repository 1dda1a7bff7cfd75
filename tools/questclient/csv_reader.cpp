#include "csv_reader.hpp"

#include <algorithm>

namespace questclient::tool {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

}  // namespace

void CsvReader::fail(std::size_t field, const std::string& why) const {
  throw InputError("line " + std::to_string(line_) + ", column " + std::to_string(field + 1) + ": " + why);
}

void CsvReader::go_on_at(std::uint64_t offset, std::uint64_t line) {
  buffer_.clear();
  buffer_offset_ = offset;
  begin_ = end_ = next_ = 0;
  at_start_ = offset == 0;
  ended_ = false;
  next_line_ = line;
}

bool CsvReader::refill() {
  if (ended_) return false;
  buffer_.erase(0, begin_);
  buffer_offset_ += begin_;
  begin_ = 0;
  const std::size_t held = buffer_.size();
  if (held > kMaxRecordBytes) {
    throw InputError("line " + std::to_string(next_line_) + ": the record that begins here is longer than " +
                     std::to_string(kMaxRecordBytes >> 20) + " MiB; is a closing quote missing?");
  }
  buffer_.resize(held + kReadBytes);
  const std::size_t count = source_.read(buffer_.data() + held, kReadBytes);
  buffer_.resize(held + count);
  ended_ = count == 0;
  return !ended_;
}

/// Sets begin_, end_ and next_ to the next record; false when there is none.
bool CsvReader::find_record() {
  begin_ = next_;
  std::size_t at = begin_;
  bool quoted = false;
  std::uint64_t line_ends = 0;
  while (true) {
    if (at == buffer_.size()) {
      const std::size_t scanned = at - begin_;
      if (refill()) {
        at = begin_ + scanned;
        continue;
      }
      if (quoted) {
        throw InputError("line " + std::to_string(next_line_) +
                         ": the record that begins here ends in the middle of a quoted field");
      }
      end_ = next_ = at = buffer_.size();
      break;
    }
    const char byte = buffer_[at++];
    if (byte == '"') quoted = !quoted;
    if (byte != '\n') continue;
    ++line_ends;
    if (quoted) continue;
    end_ = at - 1;
    next_ = at;
    break;
  }
  line_ = next_line_;
  next_line_ += line_ends;
  if (end_ > begin_ && buffer_[end_ - 1] == '\r') --end_;
  return next_ > begin_;
}

bool CsvReader::next(std::vector<std::string_view>& fields) {
  while (find_record()) {
    std::string_view record(buffer_.data() + begin_, end_ - begin_);
    if (at_start_ && record.starts_with("\xEF\xBB\xBF")) record.remove_prefix(3);
    at_start_ = false;
    if (record.empty()) continue;
    split(record, fields);
    return true;
  }
  return false;
}

void CsvReader::split(std::string_view record, std::vector<std::string_view>& fields) {
  fields.clear();
  unquoted_.clear();
  unquoted_.reserve(record.size());  // views into it stay valid
  std::size_t at = 0;
  while (true) {
    if (at < record.size() && record[at] == '"') {
      const std::size_t begin = unquoted_.size();
      ++at;
      while (true) {
        const std::size_t quote = record.find('"', at);
        if (quote == std::string_view::npos) fail(fields.size(), "a quote is opened and not closed");
        unquoted_.append(record, at, quote - at);
        at = quote + 1;
        if (at == record.size() || record[at] != '"') break;
        unquoted_ += '"';
        ++at;
      }
      if (at < record.size() && record[at] != delimiter_) {
        fail(fields.size(), std::string(delimiter_ == ',' ? "a comma" : "the delimiter") +
                                " or the end of the line must follow the closing quote");
      }
      fields.emplace_back(unquoted_.data() + begin, unquoted_.size() - begin);
    } else {
      const std::size_t end = std::min(record.find(delimiter_, at), record.size());
      const std::string_view field = record.substr(at, end - at);
      if (field.find('"') != std::string_view::npos) {
        fail(fields.size(),
             "a quote stands inside an unquoted field; put the whole field in quotes and double it");
      }
      fields.push_back(field);
      at = end;
    }
    if (at == record.size()) return;
    ++at;  // the delimiter; one at the very end of the line is followed by an empty field
    if (at == record.size()) {
      fields.emplace_back();
      return;
    }
  }
}

}  // namespace questclient::tool
