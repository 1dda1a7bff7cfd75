// Sends rows that are described as JSON, one a line, through the library: the acceptance tests' hand.
//
//   interop_rows CONF < rows
//
// A row: {"table": "t", "values": [["symbol", "s", "x"], ["double", "d", "1.5"], ...], "at": ["nanos", 5]}
// Values that JSON has no exact form for are text. Prints {"rows": N, "rejected": N} once the server has
// committed them all, but for those that went to the dead letters.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <questclient/questclient.hpp>
#include <questclient/values.hpp>

namespace {

using Json = nlohmann::json;
using questclient::ArrayView;
using questclient::LineBuffer;

using Put = std::function<void(LineBuffer&, const std::string& name, const Json& value)>;

double as_double(const Json& value) {
  return std::strtod(value.get_ref<const std::string&>().c_str(), nullptr);
}

/// {"shape": [2, 3], "values": ["1.5", ...]}, or null. With "by_columns" the elements lie column by column,
/// as strides see them.
void put_array(LineBuffer& row, const std::string& name, const Json& value) {
  if (value.is_null()) {
    row.column(name, ArrayView::null());
    return;
  }
  std::vector<double> elements;
  for (const Json& element : value.at("values")) elements.push_back(as_double(element));
  const auto shape = value.at("shape").get<std::vector<std::size_t>>();
  if (!value.value("by_columns", false)) {
    row.column(name, ArrayView(elements.data(), shape));
    return;
  }
  std::vector<std::ptrdiff_t> strides;
  std::ptrdiff_t stride = 1;
  for (const std::size_t length : shape) {
    strides.push_back(stride);
    stride *= static_cast<std::ptrdiff_t>(length);
  }
  row.column(name, ArrayView::with_element_strides(elements.data(), shape, strides));
}

template <class Value>
Put put_as(Value (*make)(const Json&)) {
  return
      [make](LineBuffer& row, const std::string& name, const Json& value) { row.column(name, make(value)); };
}

const std::map<std::string, Put>& kinds() {
  using namespace questclient;
  static const auto text = [](const Json& value) { return value.get<std::string>(); };
  static const auto whole = [](const Json& value) { return value.get<std::int64_t>(); };
  static const std::map<std::string, Put> all = {
      {"symbol",
       [](LineBuffer& row, const std::string& name, const Json& value) { row.symbol(name, text(value)); }},
      {"bool", put_as<bool>([](const Json& value) { return value.get<bool>(); })},
      {"long", put_as<std::int64_t>([](const Json& value) { return whole(value); })},
      {"double", put_as<double>([](const Json& value) { return as_double(value); })},
      {"string",
       [](LineBuffer& row, const std::string& name, const Json& value) { row.column(name, text(value)); }},
      {"micros", put_as<TimestampMicros>([](const Json& value) { return TimestampMicros{whole(value)}; })},
      {"nanos", put_as<TimestampNanos>([](const Json& value) { return TimestampNanos{whole(value)}; })},
      {"decimal", put_as<Decimal>([](const Json& value) {
         return value.is_null() ? Decimal::null() : Decimal::parse(text(value));
       })},
      {"long256", put_as<Long256>([](const Json& value) { return Long256::parse(text(value)); })},
      {"uuid", put_as<Uuid>([](const Json& value) { return Uuid::parse(text(value)); })},
      {"ipv4", put_as<Ipv4>([](const Json& value) { return Ipv4::parse(text(value)); })},
      {"geohash", put_as<Geohash>([](const Json& value) { return Geohash(text(value)); })},
      {"char", put_as<Char>([](const Json& value) { return Char(static_cast<char16_t>(whole(value))); })},
      {"array", put_array},
  };
  return all;
}

void put_row(LineBuffer& buffer, const Json& row) {
  buffer.table(row.at("table").get<std::string>());
  for (const Json& value : row.at("values")) {
    const auto found = kinds().find(value.at(0).get<std::string>());
    if (found == kinds().end()) throw std::invalid_argument("unknown kind of value: " + value.dump());
    found->second(buffer, value.at(1).get<std::string>(), value.at(2));
  }
  const Json& at = row.at("at");
  if (at.is_null()) {
    buffer.at_now();
  } else if (at.at(0) == "micros") {
    buffer.at(questclient::TimestampMicros{at.at(1).get<std::int64_t>()});
  } else {
    buffer.at(questclient::TimestampNanos{at.at(1).get<std::int64_t>()});
  }
}

int run(const std::string& conf) {
  auto sender = questclient::Sender::from_conf(conf);
  LineBuffer buffer = sender.new_buffer();
  std::string line;
  while (std::getline(std::cin, line)) put_row(buffer, Json::parse(line));
  const std::size_t rows = buffer.rows();
  const auto fsn = sender.flush(buffer);
  // ILP over TCP has no answers: there the slot is empty when the server's TCP has every byte.
  const auto patience = std::chrono::seconds(60);
  const bool is_tcp = conf.starts_with("tcp");
  if (!(is_tcp ? sender.drain(patience) : sender.wait(fsn, questclient::Ack::committed, patience))) {
    throw std::runtime_error("the rows were not acknowledged within a minute");
  }
  std::cout << Json{{"rows", rows}, {"rejected", sender.stats().rows_rejected}} << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) throw std::invalid_argument("usage: interop_rows CONF < rows");
    return run(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
