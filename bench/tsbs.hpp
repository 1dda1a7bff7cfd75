// Rows for every benchmark: the cpu row of the Time Series Benchmark Suite and a small trade row.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/line_buffer.hpp>

namespace questclient::bench {

inline constexpr std::array<std::string_view, 10> kCpuTags = {
    "hostname", "region",          "datacenter",         "rack", "os", "arch", "team",
    "service",  "service_version", "service_environment"};
inline constexpr std::array<std::string_view, 10> kCpuFields = {
    "usage_user", "usage_system",  "usage_idle",  "usage_nice",  "usage_iowait",
    "usage_irq",  "usage_softirq", "usage_steal", "usage_guest", "usage_guest_nice"};

/// One row of table `cpu`: ten symbols, ten integers, about 345 bytes of ILP.
struct CpuRow {
  std::array<std::string_view, 10> tags;  ///< In the order of kCpuTags; owned by CpuRows.
  std::array<std::int64_t, 10> fields{};  ///< Percentages, in the order of kCpuFields.
  TimestampNanos timestamp;
};

/// Generates cpu rows: every host in turn, ten seconds between two rows of a host, percentages that walk at
/// random. The same seed gives the same rows.
class CpuRows {
 public:
  explicit CpuRows(std::uint64_t seed = 1, std::size_t hosts = 4000) : random_(seed), hosts_(hosts) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) make_host(i);
  }
  CpuRows(const CpuRows&) = delete;
  CpuRows& operator=(const CpuRows&) = delete;

  CpuRow next() {
    Host& host = hosts_[turn_ % hosts_.size()];
    CpuRow row;
    for (std::size_t i = 0; i < row.tags.size(); ++i) row.tags[i] = host.tags[i];
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
      const auto step = static_cast<std::int64_t>(random_() % 7) - 3;
      host.usage[i] = std::min<std::int64_t>(100, std::max<std::int64_t>(0, host.usage[i] + step));
      row.fields[i] = host.usage[i];
    }
    row.timestamp = {kStart + static_cast<std::int64_t>(turn_ / hosts_.size()) * 10'000'000'000};
    ++turn_;
    return row;
  }

  std::vector<CpuRow> take(std::size_t count) {
    std::vector<CpuRow> rows;
    rows.reserve(count);
    for (std::size_t i = 0; i < count; ++i) rows.push_back(next());
    return rows;
  }

 private:
  static constexpr std::int64_t kStart = 1'700'000'000'000'000'000;

  struct Host {
    std::array<std::string, 10> tags;
    std::array<std::int64_t, 10> usage{};
  };

  std::string pick(const std::vector<std::string>& choices) { return choices[random_() % choices.size()]; }

  void make_host(std::size_t index) {
    Host& host = hosts_[index];
    const std::string region = pick({"us-east-1", "us-west-1", "us-west-2", "eu-west-1", "eu-central-1",
                                     "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "sa-east-1"});
    host.tags = {"host_" + std::to_string(index),
                 region,
                 region + pick({"a", "b", "c"}),
                 std::to_string(random_() % 100),
                 pick({"Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10"}),
                 pick({"x64", "x86"}),
                 pick({"SF", "NYC", "LON", "CHI"}),
                 std::to_string(random_() % 20),
                 std::to_string(random_() % 2),
                 pick({"production", "staging", "test"})};
    for (std::int64_t& usage : host.usage) usage = static_cast<std::int64_t>(random_() % 101);
  }

  std::mt19937_64 random_;
  std::vector<Host> hosts_;
  std::size_t turn_ = 0;
};

/// The names of the cpu row, checked once.
struct CpuNames {
  TableName table{"cpu"};
  std::vector<ColumnName> tags{kCpuTags.begin(), kCpuTags.end()};
  std::vector<ColumnName> fields{kCpuFields.begin(), kCpuFields.end()};
};

/// Into a LineBuffer or a Sender; the names are checked at each call.
template <class Buffer>
void write_cpu_row(Buffer& buffer, const CpuRow& row) {
  buffer.table("cpu");
  for (std::size_t i = 0; i < row.tags.size(); ++i) buffer.symbol(kCpuTags[i], row.tags[i]);
  for (std::size_t i = 0; i < row.fields.size(); ++i) buffer.column(kCpuFields[i], row.fields[i]);
  buffer.at(row.timestamp);
}

template <class Buffer>
void write_cpu_row(Buffer& buffer, const CpuNames& names, const CpuRow& row) {
  buffer.table(names.table);
  for (std::size_t i = 0; i < row.tags.size(); ++i) buffer.symbol(names.tags[i], row.tags[i]);
  for (std::size_t i = 0; i < row.fields.size(); ++i) buffer.column(names.fields[i], row.fields[i]);
  buffer.at(row.timestamp);
}

/// One row of table `trades`: two symbols, two doubles, about 88 bytes of ILP in version 2.
struct TradeRow {
  std::string_view symbol;
  std::string_view side;
  double price = 0;
  double amount = 0;
  TimestampNanos timestamp;
};

inline std::vector<TradeRow> make_trades(std::size_t count, std::uint64_t seed = 1) {
  static constexpr std::array<std::string_view, 5> kSymbols = {"ETH-USD", "BTC-USD", "SOL-USD", "ADA-USDT",
                                                               "LTC-BTC"};
  std::mt19937_64 random(seed);
  std::vector<TradeRow> rows;
  rows.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back({kSymbols[random() % kSymbols.size()], random() % 2 == 0 ? "sell" : "buy",
                    static_cast<double>(random() % 10'000'000) / 100.0,
                    static_cast<double>(random() % 1'000'000) / 1e5,
                    TimestampNanos{1'700'000'000'000'000'000 + static_cast<std::int64_t>(i) * 1'000'003}});
  }
  return rows;
}

struct TradeNames {
  TableName table{"trades"};
  ColumnName symbol{"symbol"};
  ColumnName side{"side"};
  ColumnName price{"price"};
  ColumnName amount{"amount"};
};

template <class Buffer>
void write_trade_row(Buffer& buffer, const TradeRow& row) {
  buffer.table("trades").symbol("symbol", row.symbol).symbol("side", row.side);
  buffer.column("price", row.price).column("amount", row.amount).at(row.timestamp);
}

template <class Buffer>
void write_trade_row(Buffer& buffer, const TradeNames& names, const TradeRow& row) {
  buffer.table(names.table).symbol(names.symbol, row.symbol).symbol(names.side, row.side);
  buffer.column(names.price, row.price).column(names.amount, row.amount).at(row.timestamp);
}

}  // namespace questclient::bench
