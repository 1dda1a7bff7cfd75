#include <array>
#include <cstddef>
#include <random>

#include "support.hpp"

namespace questclient {
namespace {

using testing::binary_array;
using testing::buffer_of;
using testing::code_of;
using testing::message_of;
using std::string_literals::operator""s;

using Shape = std::vector<std::size_t>;
using Strides = std::vector<std::ptrdiff_t>;

std::string row_of(const ArrayView& array) {
  LineBuffer buffer;
  buffer.table("t").column("a", array).at_now();
  return std::string(buffer.payload());
}

std::string expected_row(const std::vector<std::uint32_t>& lengths, const std::vector<double>& elements) {
  return "t a" + binary_array(lengths, elements) + "\n";
}

TEST(Array, OneDimensionByteForByte) {
  const std::vector<double> elements = {1.5, -2};
  EXPECT_EQ(row_of(ArrayView(elements)),
            "t a==\x0e\x0a\x01\x02\0\0\0"
            "\0\0\0\0\0\0\xf8\x3f"
            "\0\0\0\0\0\0\0\xc0\n"s);
}

TEST(Array, SpansAndVectorsAreTakenAsTheyAre) {
  LineBuffer buffer;
  const std::vector<double> elements = {1, 2};
  const ColumnName name("d");
  buffer.table("t").column("a", elements).column("b", std::span<const double>(elements).first(1));
  buffer.column("c", std::span<const double>()).column(name, elements).at_now();
  EXPECT_EQ(buffer.payload(), "t a" + binary_array({2}, {1, 2}) + ",b" + binary_array({1}, {1}) + ",c" +
                                  binary_array({0}, {}) + ",d" + binary_array({2}, {1, 2}) + "\n");
}

TEST(Array, RowMajorInSeveralDimensions) {
  const std::vector<double> elements = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(row_of(ArrayView(elements.data(), Shape{2, 3})), expected_row({2, 3}, elements));
  EXPECT_EQ(row_of(ArrayView(elements.data(), Shape{1, 6, 1})), expected_row({1, 6, 1}, elements));
  EXPECT_EQ(row_of(ArrayView(elements.data(), Shape(32, 1))),
            expected_row(std::vector<std::uint32_t>(32, 1), {1}));
}

TEST(Array, NullLeavesTheColumnOut) {
  LineBuffer buffer;
  buffer.table("t").symbol("s", "x").column("a", ArrayView::null()).column("b", 1).at_now();
  buffer.table("t").column(ColumnName("a"), ArrayView::null()).column("b", 2).at_now();
  EXPECT_EQ(buffer.payload(), "t,s=x b=1i\nt b=2i\n");
  LineBuffer v1 = buffer_of(ProtocolVersion::v1);
  v1.table("t").column("a", ArrayView::null()).column("b", 3).at_now();
  EXPECT_EQ(v1.payload(), "t b=3i\n");
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a", ArrayView::null()).at_now(); }),
            ErrorCode::invalid_api_call);
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a?", ArrayView::null()); }), ErrorCode::invalid_name);
}

TEST(Array, EmptyArraysCarryNoData) {
  EXPECT_EQ(row_of(ArrayView(nullptr, Shape{2, 0, 5})), expected_row({2, 0, 5}, {}));
  constexpr std::size_t kMost = ArrayView::kMaxLength;
  EXPECT_EQ(row_of(ArrayView(nullptr, Shape{kMost, kMost, kMost, 0})),
            expected_row({0x0fffffff, 0x0fffffff, 0x0fffffff, 0}, {}));
}

TEST(Array, TransposedAndReversed) {
  const std::vector<double> elements = {1, 2, 3, 4, 5, 6};  // 2 x 3
  const Shape transposed = {3, 2};
  EXPECT_EQ(row_of(ArrayView::with_element_strides(elements.data(), transposed, Strides{1, 3})),
            expected_row({3, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(row_of(ArrayView::with_byte_strides(elements.data(), transposed, Strides{8, 24})),
            expected_row({3, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(row_of(ArrayView::with_element_strides(elements.data() + 5, Shape{6}, Strides{-1})),
            expected_row({6}, {6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(row_of(ArrayView::with_element_strides(elements.data() + 1, Shape{2, 2}, Strides{0, 1})),
            expected_row({2, 2}, {2, 3, 2, 3}));
}

// Element by element, as plainly as can be.
std::vector<double> walk(const char* first, const Shape& shape, const Strides& strides) {
  std::vector<double> elements;
  std::vector<std::size_t> index(shape.size(), 0);
  for (;;) {
    const char* at = first;
    for (std::size_t i = 0; i < shape.size(); ++i) at += static_cast<std::ptrdiff_t>(index[i]) * strides[i];
    double element = 0;
    std::memcpy(&element, at, sizeof element);
    elements.push_back(element);
    std::size_t dimension = shape.size();
    while (dimension > 0 && ++index[dimension - 1] == shape[dimension - 1]) index[--dimension] = 0;
    if (dimension == 0) return elements;
  }
}

TEST(Array, RandomStridesAgainstANaiveWalk) {
  std::mt19937_64 random(5);
  // Doubles at odd places too: a stride in bytes need not be a multiple of eight.
  std::string memory(40'000, '\0');
  for (char& c : memory) c = static_cast<char>(random());
  int strided = 0;
  for (int round = 0; round < 3000; ++round) {
    Shape shape(1 + random() % 5);
    Strides strides(shape.size());
    std::vector<std::uint32_t> lengths;
    auto dense = static_cast<std::ptrdiff_t>(sizeof(double));
    for (std::size_t i = shape.size(); i-- > 0;) {
      shape[i] = 1 + random() % 5;
      const auto kind = random() % 4;
      strides[i] = kind < 2 ? dense : static_cast<std::ptrdiff_t>(random() % 1500) - 750;
      if (kind == 2) strides[i] *= -1;
      dense *= static_cast<std::ptrdiff_t>(shape[i]);
      if (kind >= 2) ++strided;
    }
    for (const std::size_t length : shape) lengths.push_back(static_cast<std::uint32_t>(length));
    const char* first = memory.data() + memory.size() / 2;
    if (dense > 5000) first = memory.data();
    bool is_inside = true;
    std::ptrdiff_t least = 0;
    std::ptrdiff_t most = sizeof(double);
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const std::ptrdiff_t reach = strides[i] * static_cast<std::ptrdiff_t>(shape[i] - 1);
      (reach < 0 ? least : most) += reach;
    }
    is_inside = first + least >= memory.data() && first + most <= memory.data() + memory.size();
    if (!is_inside) continue;
    const ArrayView view = ArrayView::with_byte_strides(first, shape, strides);
    ASSERT_EQ(row_of(view), expected_row(lengths, walk(first, shape, strides))) << round;
  }
  EXPECT_GT(strided, 1000);
}

TEST(Array, ShapesThatTheServerRefusesAreRefused) {
  const double element = 1;
  const auto refused = [&](const Shape& shape) {
    return code_of([&] { ArrayView(&element, shape); }) == ErrorCode::invalid_value;
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused(Shape(33, 1)));
  EXPECT_TRUE(refused({ArrayView::kMaxLength + 1}));
  EXPECT_TRUE(refused({0, std::size_t{1} << 40}));
  EXPECT_TRUE(refused({std::numeric_limits<std::size_t>::max()}));
  // Products beyond 2^64 too.
  EXPECT_TRUE(refused({1 << 14, 1 << 14}));
  EXPECT_TRUE(refused(Shape(32, ArrayView::kMaxLength)));
  EXPECT_FALSE(refused({1 << 13, 1 << 13}));
}

TEST(Array, StridesThatDoNotFitAreRefused) {
  const std::array<double, 4> elements = {};
  const auto code = [&](const Strides& strides) {
    return code_of([&] { ArrayView::with_element_strides(elements.data(), Shape{2, 2}, strides); });
  };
  EXPECT_EQ(code({2, 1}), std::nullopt);
  EXPECT_EQ(code({1}), ErrorCode::invalid_value);
  EXPECT_EQ(code({4, 2, 1}), ErrorCode::invalid_value);
  EXPECT_EQ(code({std::numeric_limits<std::ptrdiff_t>::max(), 1}), ErrorCode::invalid_value);
  EXPECT_EQ(code({2, std::numeric_limits<std::ptrdiff_t>::min()}), ErrorCode::invalid_value);
}

TEST(Array, Version1RefusesItAndSaysToUseVersion2) {
  LineBuffer buffer = buffer_of(ProtocolVersion::v1);
  buffer.table("t").column("a", 1).at_now();
  const std::vector<double> elements = {1};
  EXPECT_EQ(code_of([&] { buffer.table("t").column("a", elements); }), ErrorCode::invalid_value);
  EXPECT_NE(message_of([&] { buffer.table("t").column("a", elements); }).find("use version 2"),
            std::string::npos);
  EXPECT_EQ(buffer.payload(), "t a=1i\n");
}

TEST(Array, OneThatPassesMaxSizeIsRefused) {
  LineBuffer::Options options;
  options.max_size = 100;
  LineBuffer buffer(options);
  const std::vector<double> fits(10);
  const std::vector<double> just_not(11);
  const std::vector<double> large(1'000'000);
  for (const auto& elements : {just_not, large}) {
    EXPECT_EQ(code_of([&] { buffer.table("t").column("abc", elements).at_now(); }), ErrorCode::buffer_full);
  }
  buffer.table("t").column("abc", fits).at_now();
  EXPECT_EQ(buffer.size(), 95U);
}

}  // namespace
}  // namespace questclient
