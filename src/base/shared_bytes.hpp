// Bytes that several hold and nobody changes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace questclient::base {

/// Copying it copies no bytes. What `owner` keeps alive may hold more than these bytes, as a frame does.
class SharedBytes {
 public:
  SharedBytes() = default;
  // Implicit: a text is such bytes.
  SharedBytes(std::string text) {
    const auto owner = std::make_shared<const std::string>(std::move(text));
    bytes_ = *owner;
    owner_ = owner;
  }
  SharedBytes(const char* text) : SharedBytes(std::string(text)) {}
  SharedBytes(std::shared_ptr<const void> owner, std::string_view bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}

  operator std::string_view() const { return bytes_; }
  std::string_view view() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
};

inline bool operator==(const SharedBytes& left, std::string_view right) {
  return left.view() == right;
}

}  // namespace questclient::base
