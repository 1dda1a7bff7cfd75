// The same cpu rows four ways: single calls with names as text, single calls with names checked once,
// prepared rows, columns. The ratios of one run are what counts.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <questclient/column_batch.hpp>
#include <questclient/line_buffer.hpp>

#include "tsbs.hpp"

namespace questclient::bench {
namespace {

constexpr std::size_t kRows = 4000;  // about 1.4 MB of rows, one of each host

LineBuffer make_buffer() {
  LineBuffer::Options options;
  options.initial_size = 4 << 20;
  return LineBuffer(options);
}

/// The rows by column, as an application would hold them: the tags as codes of a dictionary.
struct CpuColumns {
  struct Tag {
    std::vector<std::int32_t> codes;
    std::vector<std::string_view> dictionary;
  };

  explicit CpuColumns(const std::vector<CpuRow>& rows) {
    for (std::size_t i = 0; i < tags.size(); ++i) {
      std::map<std::string_view, std::int32_t> known;
      for (const CpuRow& row : rows) {
        const auto code = static_cast<std::int32_t>(known.size());
        const auto [entry, is_new] = known.emplace(row.tags[i], code);
        if (is_new) tags[i].dictionary.push_back(row.tags[i]);
        tags[i].codes.push_back(entry->second);
        values[i].push_back(row.tags[i]);
      }
    }
    for (const CpuRow& row : rows) {
      for (std::size_t i = 0; i < fields.size(); ++i) fields[i].push_back(row.fields[i]);
      timestamps.push_back(row.timestamp);
    }
  }

  ColumnBatch batch(bool with_dictionary) const {
    ColumnBatch batch("cpu", timestamps.size());
    for (std::size_t i = 0; i < tags.size(); ++i) {
      if (with_dictionary) {
        batch.symbols(kCpuTags[i], tags[i].codes, tags[i].dictionary);
      } else {
        batch.symbols(kCpuTags[i], values[i]);
      }
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      batch.column(kCpuFields[i], fields[i]);
    }
    batch.at(timestamps);
    return batch;
  }

  std::array<Tag, 10> tags;
  std::array<std::vector<std::string_view>, 10> values;
  std::array<std::vector<std::int64_t>, 10> fields;
  std::vector<TimestampNanos> timestamps;
};

/// The data and what all ways must make of it.
struct Fixture {
  Fixture() : rows(source.take(kRows)), columns(rows) {
    LineBuffer buffer = make_buffer();
    for (const CpuRow& row : rows) write_cpu_row(buffer, row);
    expected = buffer.payload();
  }

  CpuRows source;
  std::vector<CpuRow> rows;
  CpuColumns columns;
  std::string expected;
};

const Fixture& fixture() {
  static const Fixture one;
  return one;
}

/// Times `write`, which fills an empty buffer with all rows.
template <class Write>
void measure(benchmark::State& state, const Write& write) {
  const Fixture& data = fixture();
  LineBuffer buffer = make_buffer();
  for (auto _ : state) {
    buffer.clear();
    write(buffer, data);
    benchmark::DoNotOptimize(buffer.payload().data());
    benchmark::ClobberMemory();
  }
  if (buffer.payload() != data.expected) {
    std::fputs("the rows differ from those of single calls\n", stderr);
    std::abort();
  }
  const auto batches = static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(batches * static_cast<std::int64_t>(kRows));
  state.SetBytesProcessed(batches * static_cast<std::int64_t>(buffer.size()));
}

void names_per_call(benchmark::State& state) {
  measure(state, [](LineBuffer& buffer, const Fixture& data) {
    for (const CpuRow& row : data.rows) write_cpu_row(buffer, row);
  });
}

void names_once(benchmark::State& state) {
  const CpuNames names;
  measure(state, [&](LineBuffer& buffer, const Fixture& data) {
    for (const CpuRow& row : data.rows) write_cpu_row(buffer, names, row);
  });
}

void prepared_rows(benchmark::State& state) {
  const PreparedRow prepared("cpu", kCpuTags, kCpuFields);
  measure(state, [&](LineBuffer& buffer, const Fixture& data) {
    for (const CpuRow& row : data.rows) {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        buffer.add(prepared, row.tags[I]..., row.fields[I]..., row.timestamp);
      }
      (std::make_index_sequence<10>());
    }
  });
}

void columns_with_dictionaries(benchmark::State& state) {
  measure(state, [](LineBuffer& buffer, const Fixture& data) { buffer.add(data.columns.batch(true)); });
}

void columns_with_text_symbols(benchmark::State& state) {
  measure(state, [](LineBuffer& buffer, const Fixture& data) { buffer.add(data.columns.batch(false)); });
}

BENCHMARK(names_per_call);
BENCHMARK(names_once);
BENCHMARK(prepared_rows);
BENCHMARK(columns_with_text_symbols);
BENCHMARK(columns_with_dictionaries);

/// Two symbols and two doubles: where the calls weigh more than the bytes.
template <class Write>
void measure_trades(benchmark::State& state, const Write& write) {
  static const std::vector<TradeRow> trades = make_trades(kRows);
  LineBuffer buffer = make_buffer();
  for (auto _ : state) {
    buffer.clear();
    for (const TradeRow& trade : trades) write(buffer, trade);
    benchmark::DoNotOptimize(buffer.payload().data());
    benchmark::ClobberMemory();
  }
  const auto batches = static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(batches * static_cast<std::int64_t>(kRows));
  state.SetBytesProcessed(batches * static_cast<std::int64_t>(buffer.size()));
}

void trade_names_per_call(benchmark::State& state) {
  measure_trades(state, [](LineBuffer& buffer, const TradeRow& row) { write_trade_row(buffer, row); });
}

void trade_names_once(benchmark::State& state) {
  const TradeNames names;
  measure_trades(state,
                 [&](LineBuffer& buffer, const TradeRow& row) { write_trade_row(buffer, names, row); });
}

void trade_prepared_rows(benchmark::State& state) {
  const PreparedRow prepared("trades", {"symbol", "side"}, {"price", "amount"});
  measure_trades(state, [&](LineBuffer& buffer, const TradeRow& row) {
    buffer.add(prepared, row.symbol, row.side, row.price, row.amount, row.timestamp);
  });
}

BENCHMARK(trade_names_per_call);
BENCHMARK(trade_names_once);
BENCHMARK(trade_prepared_rows);

}  // namespace
}  // namespace questclient::bench

BENCHMARK_MAIN();
