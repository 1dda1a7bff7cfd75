#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include <questclient/error.hpp>
#include <questclient/values.hpp>

#include "ilp/explain.hpp"
#include "ilp/items.hpp"
#include "ilp/names.hpp"

namespace questclient {
namespace {

constexpr char kDoubleElements = 0x0a;

/// Copies what lies below `dimension`, the last index moving fastest; returns the end.
char* copy_strided(char* out, const char* from, std::span<const std::uint32_t> lengths,
                   std::span<const std::ptrdiff_t> strides) {
  const std::ptrdiff_t stride = strides[0];
  if (lengths.size() == 1) {
    if (stride == sizeof(double)) {
      std::memcpy(out, from, sizeof(double) * lengths[0]);
      return out + sizeof(double) * lengths[0];
    }
    for (std::uint32_t i = 0; i < lengths[0]; ++i, out += sizeof(double)) {
      std::memcpy(out, from + static_cast<std::ptrdiff_t>(i) * stride, sizeof(double));
    }
    return out;
  }
  for (std::uint32_t i = 0; i < lengths[0]; ++i) {
    const char* inner = from + static_cast<std::ptrdiff_t>(i) * stride;
    out = copy_strided(out, inner, lengths.subspan(1), strides.subspan(1));
  }
  return out;
}

}  // namespace

ArrayView::ArrayView(std::span<const double> elements) {
  const std::size_t length = elements.size();
  first_ = reinterpret_cast<const char*>(elements.data());
  set_shape({&length, 1});
}

ArrayView::ArrayView(const double* elements, std::span<const std::size_t> shape)
    : first_(reinterpret_cast<const char*>(elements)) {
  set_shape(shape);
}

ArrayView ArrayView::with_byte_strides(const void* first, std::span<const std::size_t> shape,
                                       std::span<const std::ptrdiff_t> strides) {
  ArrayView view;
  view.first_ = static_cast<const char*>(first);
  view.set_shape(shape);
  view.set_strides(strides, 1);
  return view;
}

ArrayView ArrayView::with_element_strides(const double* first, std::span<const std::size_t> shape,
                                          std::span<const std::ptrdiff_t> strides) {
  ArrayView view;
  view.first_ = reinterpret_cast<const char*>(first);
  view.set_shape(shape);
  view.set_strides(strides, sizeof(double));
  return view;
}

void ArrayView::set_shape(std::span<const std::size_t> shape) {
  if (shape.empty() || shape.size() > kMaxDimensions) {
    ilp::refuse_value("An array of " + std::to_string(shape.size()) +
                      " dimensions cannot be sent; give it 1 to 32, or use ArrayView::null() for NULL.");
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] > kMaxLength) {
      ilp::refuse_value("Dimension " + std::to_string(i) + " of an array has the length " +
                        std::to_string(shape[i]) + "; the server takes at most " +
                        std::to_string(kMaxLength) + ". Split the array.");
    }
    lengths_[i] = static_cast<std::uint32_t>(shape[i]);
  }
  dimensions_ = static_cast<std::uint8_t>(shape.size());
  elements_ = std::find(shape.begin(), shape.end(), std::size_t{0}) == shape.end() ? 1 : 0;
  // A length is below 2^28 and the product so far below 2^27: it cannot overflow.
  for (const std::size_t length : shape) {
    elements_ *= length;
    if (elements_ > ilp::kMaxRowBytes / sizeof(double)) {
      ilp::refuse_value("An array has more elements than a row of " + std::to_string(ilp::kMaxRowBytes) +
                        " bytes may hold; split it.");
    }
  }
}

void ArrayView::set_strides(std::span<const std::ptrdiff_t> strides, std::size_t unit) {
  if (strides.size() != dimensions_) {
    ilp::refuse_value("An array of " + std::to_string(dimensions_) + " dimensions was given " +
                      std::to_string(strides.size()) + " strides; give one a dimension.");
  }
  auto expected = static_cast<std::ptrdiff_t>(sizeof(double));  // of a row-major array
  for (std::size_t i = dimensions_; i-- > 0;) {
    if (__builtin_mul_overflow(strides[i], static_cast<std::ptrdiff_t>(unit), &strides_[i])) {
      ilp::refuse_value("Stride " + std::to_string(i) +
                        " of an array is beyond the address space; correct it.");
    }
    if (lengths_[i] > 1 && strides_[i] != expected) is_row_major_ = false;
    if (elements_ > 0) expected *= static_cast<std::ptrdiff_t>(lengths_[i]);
  }
}

std::size_t ArrayView::encoded_size() const noexcept {
  return 4 + sizeof(std::uint32_t) * dimensions_ + sizeof(double) * elements_;
}

char* ArrayView::write(char* out) const noexcept {
  *out++ = '=';
  *out++ = ilp::kBinaryArray;
  *out++ = kDoubleElements;
  *out++ = static_cast<char>(dimensions_);
  const std::size_t lengths_size = sizeof(std::uint32_t) * dimensions_;
  std::memcpy(out, lengths_.data(), lengths_size);
  out += lengths_size;
  if (elements_ == 0) return out;
  if (is_row_major_) {
    std::memcpy(out, first_, sizeof(double) * elements_);
    return out + sizeof(double) * elements_;
  }
  const std::span<const std::uint32_t> lengths(lengths_.data(), dimensions_);
  return copy_strided(out, first_, lengths, std::span(strides_).first(dimensions_));
}

}  // namespace questclient
