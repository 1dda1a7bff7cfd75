// Random tables, written in every way there is: all must give the same bytes.
#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <questclient/column_batch.hpp>

#include "support.hpp"

namespace questclient {
namespace {

using testing::kMin;

/// A column that can be given value by value or as a whole. A value that is missing is one that would be
/// refused if it were looked at.
struct AnyColumn {
  std::vector<bool> has;
  std::function<void(LineBuffer&, std::size_t row)> write;
  std::function<RowValue(std::size_t row)> value;
  std::function<void(ColumnBatch&)> give;
};

/// Bits of random rows, beginning anywhere; none: every row has a value.
struct Gaps {
  Gaps(std::mt19937_64& random, std::size_t rows) : has(rows, true) {
    if (random() % 2 == 0) return;
    const std::size_t first = random() % 20;
    bits.resize((first + rows + 7) / 8);
    for (std::uint8_t& byte : bits) byte = static_cast<std::uint8_t>(random());
    for (std::size_t row = 0; row < rows; ++row) {
      has[row] = (bits[(first + row) / 8] >> ((first + row) % 8) & 1) != 0;
    }
    validity = Validity(bits, first);
  }
  Gaps(const Gaps&) = delete;
  Gaps& operator=(const Gaps&) = delete;

  std::vector<bool> has;
  std::vector<std::uint8_t> bits;
  Validity validity;
};

class Table {
 public:
  Table(std::uint64_t seed, ProtocolVersion version) : random_(seed), version_(version) {
    rows_ = chance(4) ? random_() % 1300 : random_() % 40;
    for (std::size_t i = random_() % 5; i > 0; --i) add_symbols();
    for (std::size_t i = random_() % 8; i > 0; --i) add_column();
    add_anchor();
    for (std::size_t row = 0; row < rows_; ++row)
      times_.push_back(static_cast<std::int64_t>(random_() >> 12));
    unit_ = random_() % 3;
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void write_single(LineBuffer& buffer) const {
    for (std::size_t row = 0; row < rows_; ++row) {
      buffer.table("a table");
      for (const auto* columns : {&symbols_, &columns_}) {
        for (const AnyColumn& column : *columns) {
          if (column.has[row]) column.write(buffer, row);
        }
      }
      if (unit_ == 0) buffer.at_now();
      if (unit_ == 1) buffer.at(TimestampMicros{times_[row]});
      if (unit_ == 2) buffer.at(TimestampNanos{times_[row]});
    }
  }

  void write_prepared(LineBuffer& buffer) const {
    const PreparedRow prepared("a table", symbol_names_, column_names_);
    for (std::size_t row = 0; row < rows_; ++row) {
      std::vector<RowValue> values;
      for (const auto* columns : {&symbols_, &columns_}) {
        for (const AnyColumn& column : *columns) {
          values.push_back(column.has[row] ? column.value(row) : std::nullopt);
        }
      }
      if (unit_ == 0) buffer.add_values(prepared, values, AtNow{});
      if (unit_ == 1) buffer.add_values(prepared, values, TimestampMicros{times_[row]});
      if (unit_ == 2) buffer.add_values(prepared, values, TimestampNanos{times_[row]});
    }
  }

  void write_batch(LineBuffer& buffer) const {
    ColumnBatch batch("a table", rows_);
    for (const AnyColumn& column : symbols_) column.give(batch);
    for (const AnyColumn& column : columns_) column.give(batch);
    if (unit_ == 1) batch.at_micros(times_);
    if (unit_ == 2) batch.at_nanos(times_);
    buffer.add(batch);
  }

  std::size_t rows() const { return rows_; }

 private:
  bool chance(unsigned one_in) { return random_() % one_in == 0; }

  std::int64_t integer() {
    const auto value = static_cast<std::int64_t>(random_() >> (random_() % 64));
    return value == kMin ? 0 : chance(2) ? value : -value;
  }
  std::string_view word() {
    static const std::vector<std::string> parts = {"a",  " ",        "=",          "\\",
                                                   "\"", "\xc3\xa4", "plain_text", ",\n"};
    std::string text;
    for (std::size_t i = random_() % 8; i > 0; --i) text += parts[random_() % parts.size()];
    return *words_.emplace_back(std::make_unique<std::string>(text));
  }
  ArrayView array() {
    static const std::vector<double> elements = {0, 1.5, -2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    if (chance(8)) return ArrayView::null();
    if (chance(2)) return ArrayView(std::span(elements).first(random_() % elements.size()));
    const std::vector<std::size_t> shape = {1 + random_() % 3, 1 + random_() % 2};
    return ArrayView::with_element_strides(&elements[5], shape, std::vector<std::ptrdiff_t>{-1, 3});
  }
  std::string new_name(std::vector<std::string>& names) {
    const std::size_t number = symbol_names_.size() + column_names_.size();
    return names.emplace_back((chance(2) ? "a column = " : "c") + std::to_string(number));
  }

  template <class T, class Make>
  void add(T missing, const Make& make) {
    const auto gaps = std::make_shared<Gaps>(random_, rows_);
    const auto values = std::make_shared<std::vector<T>>();
    for (std::size_t row = 0; row < rows_; ++row) values->push_back(gaps->has[row] ? make() : missing);
    const std::string name = new_name(column_names_);
    columns_.push_back({gaps->has, [=](LineBuffer& to, std::size_t row) { to.column(name, (*values)[row]); },
                        [=](std::size_t row) { return RowValue((*values)[row]); },
                        [=](ColumnBatch& batch) { batch.column(name, *values, gaps->validity); }});
  }

  void add_bools() {
    const auto gaps = std::make_shared<Gaps>(random_, rows_);
    const auto values = std::make_shared<std::vector<std::uint8_t>>();
    for (std::size_t row = 0; row < rows_; ++row) values->push_back(static_cast<std::uint8_t>(random_() % 3));
    const auto is_set = [=](std::size_t row) { return (*values)[row] != 0; };
    const std::string name = new_name(column_names_);
    columns_.push_back({gaps->has, [=](LineBuffer& to, std::size_t row) { to.column(name, is_set(row)); },
                        [=](std::size_t row) { return RowValue(is_set(row)); },
                        [=](ColumnBatch& batch) { batch.column_bool(name, *values, gaps->validity); }});
  }

  void add_column() {
    const auto kinds = 10 + static_cast<unsigned>(version_);  // arrays from version 2 on, decimals from 3
    switch (random_() % kinds) {
      case 0:
        return add(kMin, [&] { return integer(); });
      case 1:
        return add(0.0, [&] { return static_cast<double>(integer()) / 4096; });
      case 2:
        return add(std::string_view("\xff"), [&] { return word(); });
      case 3:
        return add(TimestampMicros{kMin}, [&] { return TimestampMicros{integer()}; });
      case 4:
        return add(TimestampNanos{kMin}, [&] { return TimestampNanos{integer()}; });
      case 5:
        return add_bools();
      case 6:
        return add(std::int32_t{0}, [&] { return static_cast<std::int32_t>(integer()); });
      case 7:
        return add(0.0F, [&] { return static_cast<float>(integer()) / 4096; });
      case 8:
        return add(std::string("\xff"), [&] { return std::string(word()); });
      case 9:
        return add(Ipv4(1), [&] { return Ipv4(static_cast<std::uint32_t>(random_()) | 1); });
      case 10:
        return add(Long256({1, 0, 0, 0}), [&] { return Long256({random_(), random_(), 1, random_()}); });
      case 11:
        return add(ArrayView::null(), [&] { return array(); });
      default:
        return add(Decimal::null(), [&] { return Decimal(integer(), 7); });
    }
  }

  /// So that no row is empty.
  void add_anchor() {
    column_names_.emplace_back("anchor");
    const auto values = std::make_shared<std::vector<std::int64_t>>(rows_, 7);
    columns_.push_back({std::vector<bool>(rows_, true),
                        [](LineBuffer& to, std::size_t) { to.column("anchor", 7); },
                        [](std::size_t) { return RowValue(7); },
                        [=](ColumnBatch& batch) { batch.column("anchor", *values); }});
  }

  void add_symbols() {
    const auto gaps = std::make_shared<Gaps>(random_, rows_);
    const auto dictionary = std::make_shared<std::vector<std::string_view>>();
    for (std::size_t i = 1 + random_() % (chance(3) ? 100 : 10); i > 0; --i) dictionary->push_back(word());
    const auto codes = std::make_shared<std::vector<std::int16_t>>();
    const auto texts = std::make_shared<std::vector<std::string_view>>();
    for (std::size_t row = 0; row < rows_; ++row) {
      const std::size_t code = random_() % dictionary->size();
      codes->push_back(gaps->has[row] ? static_cast<std::int16_t>(code) : std::int16_t{-1});
      texts->push_back(gaps->has[row] ? (*dictionary)[code] : "\xff");
    }
    const bool by_code = chance(2);
    const std::string name = new_name(symbol_names_);
    symbols_.push_back({gaps->has, [=](LineBuffer& to, std::size_t row) { to.symbol(name, (*texts)[row]); },
                        [=](std::size_t row) { return RowValue((*texts)[row]); },
                        [=](ColumnBatch& batch) {
                          if (by_code) {
                            batch.symbols(name, *codes, *dictionary, gaps->validity);
                          } else {
                            batch.symbols(name, *texts, gaps->validity);
                          }
                        }});
  }

  std::mt19937_64 random_;
  ProtocolVersion version_;
  std::size_t rows_ = 0;
  std::vector<std::string> symbol_names_;
  std::vector<std::string> column_names_;
  std::vector<AnyColumn> symbols_;
  std::vector<AnyColumn> columns_;
  std::vector<std::unique_ptr<std::string>> words_;
  std::vector<std::int64_t> times_;
  std::uint64_t unit_ = 0;
};

// Invariant 7.
TEST(SameBytes, SingleCallsPreparedRowsAndBatches) {
  std::size_t rows = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LineBuffer::Options options;
    options.version = static_cast<ProtocolVersion>(1 + seed % 3);
    options.initial_size = seed % 7 * 100;
    const Table table(seed, options.version);
    LineBuffer single(options);
    LineBuffer prepared(options);
    LineBuffer batch(options);
    for (LineBuffer* buffer : {&single, &prepared, &batch}) buffer->table("before").column("a", 1).at_now();
    table.write_single(single);
    table.write_prepared(prepared);
    table.write_batch(batch);
    for (const LineBuffer* buffer : {&prepared, &batch}) {
      ASSERT_EQ(buffer->payload(), single.payload());
      ASSERT_TRUE(std::ranges::equal(buffer->row_lengths(), single.row_lengths()));
      ASSERT_EQ(buffer->rows_without_timestamp(), single.rows_without_timestamp());
    }
    ASSERT_EQ(single.rows(), table.rows() + 1);
    testing::expect_lengths_add_up(single);
    rows += table.rows();
  }
  EXPECT_GT(rows, 30'000U);
}

}  // namespace
}  // namespace questclient
