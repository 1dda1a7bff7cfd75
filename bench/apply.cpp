// Rows a second that the table store applies: TSBS cpu rows (21 columns), blocks as the sequencer makes them.
#include <atomic>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <utility>

#include <benchmark/benchmark.h>

#include "engine/table_store.hpp"
#include "tsbs.hpp"

namespace {

using namespace questnode::engine;
namespace bench = questclient::bench;

void add_text(BlockColumn& column, std::string_view text) {
  column.text += text;
  column.text_ends.push_back(static_cast<std::uint32_t>(column.text.size()));
}

Block cpu_block(std::uint32_t rows) {
  bench::CpuRows source;
  const auto made = source.take(rows);
  Block block;
  block.rows = rows;
  for (std::size_t i = 0; i < made.front().tags.size(); ++i) {
    BlockColumn column;
    column.name = std::string(bench::kCpuTags[i]);
    column.type = ColumnType::symbol;
    for (const auto& row : made) add_text(column, row.tags[i]);
    block.columns.push_back(std::move(column));
  }
  for (std::size_t i = 0; i < made.front().fields.size(); ++i) {
    BlockColumn column;
    column.name = std::string(bench::kCpuFields[i]);
    column.type = ColumnType::long_;
    for (const auto& row : made) column.integers.push_back(row.fields[i]);
    block.columns.push_back(std::move(column));
  }
  for (const auto& row : made) block.timestamps.push_back(row.timestamp.value);
  return block;
}

Entry creation(const Block& block, bool dedup) {
  Entry entry;
  entry.number = 1;
  TableTransaction transaction;
  transaction.table = "cpu";
  transaction.transaction = 1;
  TableCreation create;
  for (const BlockColumn& column : block.columns) create.columns.push_back({column.name, column.type});
  create.timestamp_column = static_cast<std::uint32_t>(create.columns.size());
  create.columns.push_back({"timestamp", ColumnType::timestamp_ns});
  create.partition_by = "DAY";
  if (dedup) create.dedup_keys = {"timestamp", "hostname"};
  transaction.creation = create;
  entry.tables.push_back(std::move(transaction));
  return entry;
}

/// Arguments: rows an entry, entries a batch, whether the table deduplicates.
void apply_cpu(benchmark::State& state) {
  const auto directory =
      std::filesystem::temp_directory_path() / ("bench-apply-" + std::to_string(::getpid()));
  std::filesystem::remove_all(directory);
  const Block block = cpu_block(static_cast<std::uint32_t>(state.range(0)));
  auto store = TableStore::open(directory);
  store->apply({creation(block, state.range(2) != 0)});
  Entry entry;
  entry.tables.resize(1);
  entry.tables[0].table = "cpu";
  entry.tables[0].block = block;
  std::vector<Entry> batch(static_cast<std::size_t>(state.range(1)), entry);
  std::uint64_t number = 1;
  std::int64_t shift = 0;
  for (auto _ : state) {
    state.PauseTiming();
    shift += 1'000'000'000'000;
    for (Entry& each : batch) {
      each.number = ++number;
      each.tables[0].transaction = number;
      shift += 1'000'000'000;
      for (std::size_t i = 0; i < block.rows; ++i)
        each.tables[0].block.timestamps[i] = block.timestamps[i] + shift;
    }
    state.ResumeTiming();
    store->apply(batch);
  }
  store->checkpoint();
  state.SetItemsProcessed(static_cast<std::int64_t>(number - 1) * block.rows);
  store.reset();
  std::filesystem::remove_all(directory);
}
BENCHMARK(apply_cpu)
    ->Args({10'000, 4, 0})
    ->Args({1'000, 20, 0})
    ->Args({1, 1'000, 0})
    ->Args({1, 1, 0})
    ->Args({10'000, 4, 1})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
