// The rows of scripts/compare through our own client, and the file that the other clients read them from.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/column_batch.hpp>
#include <questclient/prepared_row.hpp>
#include <questclient/questclient.hpp>

#include "tsbs.hpp"

namespace {

using questclient::Ack;
using questclient::ColumnBatch;
using questclient::Fsn;
using questclient::LineBuffer;
using questclient::PreparedRow;
using questclient::RowValue;
using questclient::Sender;
using questclient::bench::CpuRow;
using questclient::bench::kCpuFields;
using questclient::bench::kCpuTags;

constexpr const char* kHelp = R"(Pushes TSBS cpu rows, or only encodes them, and prints one JSON object.

  bench_client write-rows FILE ROWS              the rows, for other clients to read
  bench_client push WAY CONF ROWS BATCH          until every row is acknowledged
  bench_client encode WAY ROWS BATCH             without sending

WAY: plain (names checked at each call), names (checked once), prepared, columns.
)";

constexpr std::size_t kDistinctRows = 100'000;

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0)
    throw std::invalid_argument(kHelp);
  return value;
}

void write_rows(const char* path, std::uint64_t count) {
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr) throw std::runtime_error(std::string(path) + " cannot be written");
  const auto put = [file](std::string_view text, char end) {
    std::fwrite(text.data(), 1, text.size(), file);
    std::fputc(end, file);
  };
  for (const std::string_view name : kCpuTags) put(name, '\t');
  for (const std::string_view name : kCpuFields) put(name, '\t');
  put("timestamp", '\n');
  questclient::bench::CpuRows rows;
  for (std::uint64_t i = 0; i < count; ++i) {
    const CpuRow row = rows.next();
    for (const std::string_view tag : row.tags) put(tag, '\t');
    for (const std::int64_t field : row.fields) put(std::to_string(field), '\t');
    put(std::to_string(row.timestamp.value), '\n');
  }
  if (std::fclose(file) != 0) throw std::runtime_error(std::string(path) + " cannot be written");
}

/// The same rows by column: text as places in one dictionary a tag, which is made beforehand as the rows are.
struct Columns {
  std::vector<std::vector<std::string_view>> dictionaries;
  std::vector<std::vector<std::uint32_t>> codes;
  std::vector<std::vector<std::int64_t>> fields;
  std::vector<std::int64_t> timestamps;

  explicit Columns(const std::vector<CpuRow>& rows)
      : dictionaries(kCpuTags.size()), codes(kCpuTags.size()), fields(kCpuFields.size()) {
    std::vector<std::map<std::string_view, std::uint32_t>> places(kCpuTags.size());
    for (const CpuRow& row : rows) {
      for (std::size_t i = 0; i < row.tags.size(); ++i) {
        const auto [place, is_new] =
            places[i].try_emplace(row.tags[i], static_cast<std::uint32_t>(places[i].size()));
        if (is_new) dictionaries[i].push_back(row.tags[i]);
        codes[i].push_back(place->second);
      }
      for (std::size_t i = 0; i < row.fields.size(); ++i) fields[i].push_back(row.fields[i]);
      timestamps.push_back(row.timestamp.value);
    }
  }
};

class Source {
 public:
  explicit Source(const std::string& way) : way_(way) {
    if (way != "plain" && way != "names" && way != "prepared" && way != "columns")
      throw std::invalid_argument(kHelp);
  }

  void fill(LineBuffer& buffer, std::uint64_t count) {
    if (way_ == "columns") return fill_columns(buffer, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      const CpuRow& row = rows_[next_];
      next_ = (next_ + 1) % rows_.size();
      if (way_ == "plain") {
        questclient::bench::write_cpu_row(buffer, row);
      } else if (way_ == "names") {
        questclient::bench::write_cpu_row(buffer, names_, row);
      } else {
        add_prepared(buffer, row);
      }
    }
  }

 private:
  void add_prepared(LineBuffer& buffer, const CpuRow& row) {
    std::array<RowValue, kCpuTags.size() + kCpuFields.size()> values;
    for (std::size_t i = 0; i < row.tags.size(); ++i) values[i] = row.tags[i];
    for (std::size_t i = 0; i < row.fields.size(); ++i) values[row.tags.size() + i] = row.fields[i];
    buffer.add_values(prepared_, values, row.timestamp);
  }

  void fill_columns(LineBuffer& buffer, std::uint64_t count) {
    while (count > 0) {
      const std::size_t taken = std::min<std::size_t>(count, rows_.size() - next_);
      ColumnBatch batch("cpu", taken);
      for (std::size_t i = 0; i < kCpuTags.size(); ++i) {
        batch.symbols(kCpuTags[i], std::span<const std::uint32_t>(columns_.codes[i]).subspan(next_, taken),
                      columns_.dictionaries[i]);
      }
      for (std::size_t i = 0; i < kCpuFields.size(); ++i) {
        batch.column(kCpuFields[i], std::span<const std::int64_t>(columns_.fields[i]).subspan(next_, taken));
      }
      batch.at_nanos(std::span<const std::int64_t>(columns_.timestamps).subspan(next_, taken));
      buffer.add(batch);
      next_ = (next_ + taken) % rows_.size();
      count -= taken;
    }
  }

  std::string way_;
  questclient::bench::CpuRows generator_;
  std::vector<CpuRow> rows_ = generator_.take(kDistinctRows);
  questclient::bench::CpuNames names_;
  PreparedRow prepared_{"cpu", std::span<const std::string_view>(kCpuTags),
                        std::span<const std::string_view>(kCpuFields)};
  Columns columns_{rows_};
  std::size_t next_ = 0;
};

using Clock = std::chrono::steady_clock;

void print(std::uint64_t rows, std::uint64_t bytes, Clock::time_point begin) {
  std::printf("{\"rows\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(rows),
              static_cast<unsigned long long>(bytes),
              std::chrono::duration<double>(Clock::now() - begin).count());
}

void push(const std::string& way, const std::string& conf, std::uint64_t rows, std::uint64_t batch) {
  Source source(way);
  Sender sender = Sender::from_conf(conf);
  LineBuffer buffer = sender.new_buffer();
  const auto begin = Clock::now();
  std::uint64_t bytes = 0;
  Fsn last = 0;
  for (std::uint64_t sent = 0; sent < rows; sent += batch) {
    source.fill(buffer, std::min(batch, rows - sent));
    bytes += buffer.size();
    last = sender.flush(buffer);
  }
  if (!sender.wait(last, Ack::committed, std::chrono::minutes(10)))
    throw std::runtime_error("not acknowledged in time");
  print(rows, bytes, begin);
}

void encode(const std::string& way, std::uint64_t rows, std::uint64_t batch) {
  Source source(way);
  LineBuffer buffer;
  const auto begin = Clock::now();
  std::uint64_t bytes = 0;
  for (std::uint64_t sent = 0; sent < rows; sent += batch) {
    source.fill(buffer, std::min(batch, rows - sent));
    bytes += buffer.size();
    buffer.clear();
  }
  print(rows, bytes, begin);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::string verb = arguments.empty() ? "" : arguments[0];
    if (verb == "write-rows" && arguments.size() == 3) {
      write_rows(arguments[1].c_str(), number(arguments[2]));
    } else if (verb == "push" && arguments.size() == 5) {
      push(arguments[1], arguments[2], number(arguments[3]), number(arguments[4]));
    } else if (verb == "encode" && arguments.size() == 4) {
      encode(arguments[1], number(arguments[2]), number(arguments[3]));
    } else {
      throw std::invalid_argument(kHelp);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
