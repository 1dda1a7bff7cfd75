// Sends the same rows three ways: call by call, as prepared rows, as a batch of columns.
//
//   interop_ways CONF TABLE ROWS    into TABLE_calls, TABLE_prepared and TABLE_columns
//
// Row i: symbol s = "s" + i % 7, long i, double d = i / 8, bool b = i odd (missing in every third row),
// string t = "text " + i (missing in every fifth row), micros m = i; designated timestamp i microseconds.
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/column_batch.hpp>
#include <questclient/prepared_row.hpp>
#include <questclient/questclient.hpp>

namespace {

using questclient::ColumnBatch;
using questclient::LineBuffer;
using questclient::PreparedRow;
using questclient::TimestampMicros;
using questclient::Validity;

struct Rows {
  std::vector<std::string> texts;
  std::vector<std::string_view> dictionary;
  std::vector<std::uint8_t> codes;
  std::vector<std::int64_t> numbers;
  std::vector<double> doubles;
  std::vector<std::uint8_t> odd;
  std::vector<std::string_view> text_views;
  std::vector<std::uint8_t> has_bool;
  std::vector<std::uint8_t> has_text;

  explicit Rows(std::size_t count) : has_bool((count + 7) / 8), has_text((count + 7) / 8) {
    static const std::vector<std::string> kSymbols = {"s0", "s1", "s2", "s3", "s4", "s5", "s6"};
    dictionary.assign(kSymbols.begin(), kSymbols.end());
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back("text " + std::to_string(i));
      codes.push_back(static_cast<std::uint8_t>(i % kSymbols.size()));
      numbers.push_back(static_cast<std::int64_t>(i));
      doubles.push_back(static_cast<double>(i) / 8);
      odd.push_back(i % 2);
      const auto bit = static_cast<std::uint8_t>(1U << (i % 8));
      if (i % 3 != 0) has_bool[i / 8] |= bit;
      if (i % 5 != 0) has_text[i / 8] |= bit;
    }
    text_views.assign(texts.begin(), texts.end());
  }
  std::size_t count() const { return numbers.size(); }
};

void put_calls(LineBuffer& buffer, const std::string& table, const Rows& rows) {
  for (std::size_t i = 0; i < rows.count(); ++i) {
    buffer.table(table).symbol("s", rows.dictionary[rows.codes[i]]);
    buffer.column("i", rows.numbers[i]).column("d", rows.doubles[i]);
    if (i % 3 != 0) buffer.column("b", rows.odd[i] != 0);
    if (i % 5 != 0) buffer.column("t", rows.text_views[i]);
    buffer.column("m", TimestampMicros{rows.numbers[i]});
    buffer.at(TimestampMicros{rows.numbers[i]});
  }
}

void put_prepared(LineBuffer& buffer, const std::string& table, const Rows& rows) {
  const PreparedRow row(table, {"s"}, {"i", "d", "b", "t", "m"});
  for (std::size_t i = 0; i < rows.count(); ++i) {
    const auto b = i % 3 != 0 ? std::optional(rows.odd[i] != 0) : std::nullopt;
    const auto t = i % 5 != 0 ? std::optional(rows.text_views[i]) : std::nullopt;
    buffer.add(row, rows.dictionary[rows.codes[i]], rows.numbers[i], rows.doubles[i], b, t,
               TimestampMicros{rows.numbers[i]}, TimestampMicros{rows.numbers[i]});
  }
}

void put_columns(LineBuffer& buffer, const std::string& table, const Rows& rows) {
  ColumnBatch batch(table, rows.count());
  batch.symbols("s", rows.codes, rows.dictionary)
      .column("i", rows.numbers)
      .column("d", rows.doubles)
      .column_bool("b", rows.odd, Validity(rows.has_bool))
      .column("t", rows.text_views, Validity(rows.has_text))
      .column_micros("m", rows.numbers)
      .at_micros(rows.numbers);
  buffer.add(batch);
}

void run(const std::string& conf, const std::string& table, std::size_t count) {
  auto sender = questclient::Sender::from_conf(conf);
  const Rows rows(count);
  LineBuffer buffer = sender.new_buffer();
  put_calls(buffer, table + "_calls", rows);
  put_prepared(buffer, table + "_prepared", rows);
  put_columns(buffer, table + "_columns", rows);
  if (!sender.wait(sender.flush(buffer), questclient::Ack::committed, std::chrono::seconds(60)))
    throw std::runtime_error("the rows were not acknowledged within a minute");
  if (sender.stats().rows_rejected != 0) throw std::runtime_error("rows were refused");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 4) throw std::invalid_argument("usage: interop_ways CONF TABLE ROWS");
    run(argv[1], argv[2], std::stoul(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
