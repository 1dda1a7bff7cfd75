// What parsed rows take, and who is asked for it.
#include <vector>

#include <gtest/gtest.h>

#include "dump.hpp"

namespace questnode::ilp::test {
namespace {

std::string repeated(const std::string& line, std::size_t bytes) {
  std::string body;
  while (body.size() < bytes) body += line;
  return body;
}

TEST(ParsedMemory, GrowsUntilItMayNot) {
  constexpr std::size_t kMost = 1 << 20;
  // Each of them takes several times its bytes: short lines, long decimals, columns, types of a column.
  std::string columns;
  for (int i = 0; i < 10'000; ++i)
    columns += "t" + std::to_string(i / 1000) + " a" + std::to_string(i) + "=t\n";
  std::string variants;
  for (int i = 0; i < 5'000; ++i) {
    for (const std::string value : {"t", "1i", "1", "\"\"", "1n"})
      variants += "t" + std::to_string(i / 1000) + " a" + std::to_string(i) + "=" + value + "\n";
  }
  const std::vector<std::string> bodies = {repeated("t a=t\n", 1 << 20), repeated("t a=1e-76d\n", 1 << 20),
                                           columns, variants};
  for (const std::string& body : bodies) {
    std::vector<std::size_t> asked;
    const auto parsed_rows = parse(body, Precision::nanos, kArrival, [&](std::size_t bytes) {
      asked.push_back(bytes);
      return bytes <= kMost;
    });
    const auto* const no_room = std::get_if<NoRoom>(&parsed_rows);
    ASSERT_NE(no_room, nullptr) << body.substr(0, 20);
    EXPECT_EQ(no_room->bytes, asked.back());
    EXPECT_GT(asked.size(), 1U) << "asked while it grows";
    EXPECT_LT(asked.back(), 6 * kMost);
  }
}

TEST(ParsedMemory, OneLongLineIsAskedForToo) {
  std::size_t asked = 0;
  const std::string body = "t a=\"" + std::string(300'000, 'x') + "\"\n";
  parse(body, Precision::nanos, kArrival, [&](std::size_t bytes) {
    asked = bytes;
    return true;
  });
  EXPECT_GT(asked, 300'000U);
}

TEST(ParsedMemory, ALineFeedInAValueDoesNotMakeColumnsExpectManyRows) {
  std::string body = "t a=" + binary_double(0);
  body[6] = '\n';  // Of the value: the line seems to be very short.
  for (int i = 0; i < 1000; ++i) body += ",b" + std::to_string(i) + "=1i";
  body += '\n' + std::string(1 << 20, '\n');
  const auto request = parse(body, Precision::nanos, kArrival);
  std::size_t reserved = 0;
  for (const auto& column : std::get<engine::WriteRequest>(request).tables.at(0).block.columns)
    reserved += (column.integers.capacity() + column.reals.capacity()) * sizeof(std::int64_t);
  EXPECT_LE(reserved, 3 * body.size());
}

}  // namespace
}  // namespace questnode::ilp::test
