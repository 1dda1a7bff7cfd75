// Sends rows that are described as JSON, one a line, through the library: the acceptance tests' hand.
//
//   interop_rows CONF < rows
//
// A row: {"table": "t", "values": [["symbol", "s", "x"], ["double", "d", "1.5"], ...], "at": ["nanos", 5]}
// Values that JSON has no exact form for are text. Prints {"rows": N} once the server has committed them all.
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include <questclient/questclient.hpp>

namespace {

using Json = nlohmann::json;
using questclient::LineBuffer;

using Put = std::function<void(LineBuffer&, const std::string& name, const Json& value)>;

double as_double(const Json& value) {
  return std::strtod(value.get_ref<const std::string&>().c_str(), nullptr);
}

const std::map<std::string, Put>& kinds() {
  static const std::map<std::string, Put> all = {
      {"symbol", [](LineBuffer& row, const std::string& name,
                    const Json& value) { row.symbol(name, value.get<std::string>()); }},
      {"bool", [](LineBuffer& row, const std::string& name,
                  const Json& value) { row.column(name, value.get<bool>()); }},
      {"long", [](LineBuffer& row, const std::string& name,
                  const Json& value) { row.column(name, value.get<std::int64_t>()); }},
      {"double", [](LineBuffer& row, const std::string& name,
                    const Json& value) { row.column(name, as_double(value)); }},
      {"string", [](LineBuffer& row, const std::string& name,
                    const Json& value) { row.column(name, value.get<std::string>()); }},
      {"micros",
       [](LineBuffer& row, const std::string& name, const Json& value) {
         row.column(name, questclient::TimestampMicros{value.get<std::int64_t>()});
       }},
      {"nanos",
       [](LineBuffer& row, const std::string& name, const Json& value) {
         row.column(name, questclient::TimestampNanos{value.get<std::int64_t>()});
       }},
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
  std::string line;
  while (std::getline(std::cin, line)) put_row(sender.buffer(), Json::parse(line));
  const std::size_t rows = sender.buffer().rows();
  const auto fsn = sender.flush();
  if (!sender.wait(fsn, questclient::Ack::committed, std::chrono::seconds(60))) {
    throw std::runtime_error("the rows were not acknowledged within a minute");
  }
  if (const auto dead = sender.stats().rows_rejected; dead != 0) {
    throw std::runtime_error(std::to_string(dead) + " rows were refused");
  }
  std::cout << Json{{"rows", rows}} << "\n";
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
