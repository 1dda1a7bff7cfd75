// The server's way in: ILP text to columnar blocks, to a log entry. Bodies of about 1 MiB, as a client that
// joins frames sends them.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include <benchmark/benchmark.h>

#include "engine/entry.hpp"
#include "engine/sequencer.hpp"
#include "ilp/parser.hpp"
#include "tsbs.hpp"

namespace {

using questclient::bench::CpuRows;
namespace engine = questnode::engine;
namespace ilp = questnode::ilp;

constexpr std::size_t kBodyBytes = 1 << 20;

struct Body {
  std::string text;
  std::int64_t rows = 0;
};

Body make_cpu_body() {
  Body body;
  CpuRows rows;
  while (body.text.size() < kBodyBytes) {
    const auto row = rows.next();
    body.text += "cpu";
    for (std::size_t i = 0; i < row.tags.size(); ++i) {
      body.text += ',';
      body.text += questclient::bench::kCpuTags[i];
      body.text += '=';
      body.text += row.tags[i];
    }
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
      body.text += i == 0 ? ' ' : ',';
      body.text += questclient::bench::kCpuFields[i];
      body.text += '=';
      body.text += std::to_string(row.fields[i]) + 'i';
    }
    body.text += ' ' + std::to_string(row.timestamp.value) + "n\n";
    ++body.rows;
  }
  return body;
}

/// Version 1 writes doubles as text, version 2 as eight bytes.
Body make_trade_body(int version) {
  Body body;
  for (const auto& row : questclient::bench::make_trades(kBodyBytes / 80)) {
    body.text += "trades,symbol=" + std::string(row.symbol) + ",side=" + std::string(row.side) + " ";
    const auto real = [&](const char* name, double value) {
      body.text += name;
      if (version == 1) {
        body.text += '=' + std::to_string(value);
        return;
      }
      body.text += "==\x10";
      body.text.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    real("price", row.price);
    real(",amount", row.amount);
    body.text += ' ' + std::to_string(row.timestamp.value) + "\n";
    ++body.rows;
  }
  return body;
}

engine::WriteRequest parse_or_die(const Body& body) {
  auto parsed = ilp::parse(body.text, ilp::Precision::nanos, 0);
  if (std::holds_alternative<ilp::ParseError>(parsed)) std::abort();
  return std::get<engine::WriteRequest>(std::move(parsed));
}

void count(benchmark::State& state, const Body& body) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.text.size()));
  state.SetItemsProcessed(state.iterations() * body.rows);
}

void parse_only(benchmark::State& state, const Body& body) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_or_die(body));
  count(state, body);
}

void parse_and_sequence(benchmark::State& state, const Body& body) {
  engine::Sequencer sequencer{engine::ClusterState{}};
  std::size_t entry_bytes = 0;
  for (auto _ : state) {
    const engine::Admission admission = sequencer.write(parse_or_die(body), 0);
    if (admission.outcome != engine::Admission::Outcome::committed) std::abort();
    entry_bytes = admission.entry.size();
  }
  count(state, body);
  state.counters["entry_share"] = static_cast<double>(entry_bytes) / static_cast<double>(body.text.size());
}

void decode(benchmark::State& state, const Body& body) {
  engine::Sequencer sequencer{engine::ClusterState{}};
  const std::string entry = sequencer.write(parse_or_die(body), 0).entry;
  for (auto _ : state) benchmark::DoNotOptimize(engine::decode_entry(entry));
  count(state, body);
}

const Body& cpu() {
  static const Body body = make_cpu_body();
  return body;
}
const Body& trades(int version) {
  static const Body text = make_trade_body(1);
  static const Body binary = make_trade_body(2);
  return version == 1 ? text : binary;
}

BENCHMARK_CAPTURE(parse_only, cpu, cpu());
BENCHMARK_CAPTURE(parse_only, trade_v1, trades(1));
BENCHMARK_CAPTURE(parse_only, trade_v2, trades(2));
BENCHMARK_CAPTURE(parse_and_sequence, cpu, cpu());
BENCHMARK_CAPTURE(parse_and_sequence, trade_v1, trades(1));
BENCHMARK_CAPTURE(parse_and_sequence, trade_v2, trades(2));
BENCHMARK_CAPTURE(decode, cpu, cpu());

}  // namespace

BENCHMARK_MAIN();
