// How fast rows are encoded, and how far that is from a plain copy of the same bytes in the same run.
#include <cstring>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include <questclient/line_buffer.hpp>

#include "tsbs.hpp"

namespace questclient::bench {
namespace {

constexpr std::size_t kRows = 4000;  // about 1.4 MB of cpu rows: a batch as a sender would flush it

LineBuffer make_buffer(ProtocolVersion version) {
  LineBuffer::Options options;
  options.version = version;
  options.initial_size = 4 << 20;
  return LineBuffer(options);
}

void report(benchmark::State& state, const LineBuffer& buffer) {
  const auto batches = static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(batches * static_cast<std::int64_t>(kRows));
  state.SetBytesProcessed(batches * static_cast<std::int64_t>(buffer.size()));
  state.counters["row_bytes"] = static_cast<double>(buffer.size()) / static_cast<double>(kRows);
}

template <class Rows, class WriteRow>
void encode(benchmark::State& state, ProtocolVersion version, const Rows& rows, const WriteRow& write_row) {
  LineBuffer buffer = make_buffer(version);
  for (auto _ : state) {
    buffer.clear();
    for (const auto& row : rows) write_row(buffer, row);
    benchmark::DoNotOptimize(buffer.payload().data());
    benchmark::ClobberMemory();
  }
  report(state, buffer);
}

void cpu_names_per_call(benchmark::State& state, ProtocolVersion version) {
  CpuRows source;
  encode(state, version, source.take(kRows),
         [](LineBuffer& buffer, const CpuRow& row) { write_cpu_row(buffer, row); });
}

void cpu_names_once(benchmark::State& state, ProtocolVersion version) {
  CpuRows source;
  const CpuNames names;
  encode(state, version, source.take(kRows),
         [&](LineBuffer& buffer, const CpuRow& row) { write_cpu_row(buffer, names, row); });
}

void trade_names_per_call(benchmark::State& state, ProtocolVersion version) {
  encode(state, version, make_trades(kRows),
         [](LineBuffer& buffer, const TradeRow& row) { write_trade_row(buffer, row); });
}

void trade_names_once(benchmark::State& state, ProtocolVersion version) {
  const TradeNames names;
  encode(state, version, make_trades(kRows),
         [&](LineBuffer& buffer, const TradeRow& row) { write_trade_row(buffer, names, row); });
}

/// The yardstick: the same bytes, copied once.
void cpu_memcpy(benchmark::State& state) {
  CpuRows source;
  LineBuffer buffer = make_buffer(ProtocolVersion::v2);
  for (const CpuRow& row : source.take(kRows)) write_cpu_row(buffer, row);
  const auto copy = std::make_unique<char[]>(buffer.size());
  for (auto _ : state) {
    std::memcpy(copy.get(), buffer.payload().data(), buffer.size());
    benchmark::DoNotOptimize(copy.get());
    benchmark::ClobberMemory();
  }
  report(state, buffer);
}

BENCHMARK(cpu_memcpy);
BENCHMARK_CAPTURE(cpu_names_once, v2, ProtocolVersion::v2);
BENCHMARK_CAPTURE(cpu_names_per_call, v2, ProtocolVersion::v2);
BENCHMARK_CAPTURE(cpu_names_once, v1, ProtocolVersion::v1);
BENCHMARK_CAPTURE(cpu_names_per_call, v1, ProtocolVersion::v1);
BENCHMARK_CAPTURE(trade_names_once, v2, ProtocolVersion::v2);
BENCHMARK_CAPTURE(trade_names_per_call, v2, ProtocolVersion::v2);
BENCHMARK_CAPTURE(trade_names_once, v1, ProtocolVersion::v1);
BENCHMARK_CAPTURE(trade_names_per_call, v1, ProtocolVersion::v1);

}  // namespace
}  // namespace questclient::bench

BENCHMARK_MAIN();
