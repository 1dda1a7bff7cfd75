// Turns a ColumnBatch into rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/column_batch.hpp>
#include <questclient/line_buffer.hpp>

#include "ilp/dictionary.hpp"

namespace questclient {

/// Works through blocks of rows: what concerns a whole column (its step, its dictionary, its codes) is
/// settled once a batch or a block, so that a row is little more than copying.
class LineBuffer::BatchWriter {
 public:
  BatchWriter(LineBuffer& buffer, const ColumnBatch& batch);

  /// Throws Error and leaves the buffer as it was.
  void write();

 private:
  using Kind = ColumnBatch::Kind;
  using Column = ColumnBatch::Column;
  static constexpr std::size_t kBlockRows = 512;

  /// How an item of a row is written. What differs in size from row to row comes first.
  enum class Step : std::uint8_t {
    symbol,
    text,
    other_text,
    long256,
    array,
    dictionary,
    boolean,
    integer,
    integer32,
    real,
    real32,
    real_as_text,
    micros,
    nanos,
    nanos_as_micros,
    decimal,
  };
  static bool differs_in_size(Step step) { return step <= Step::array; }
  using TextOf = std::string_view (*)(const void* values, std::size_t row);
  struct Item {
    const char* prefix = nullptr;  // ",name=", padded to whole blocks
    std::size_t prefix_length = 0;
    const void* values = nullptr;
    const std::uint8_t* bits = nullptr;  // null: every row has a value
    std::size_t first_bit = 0;
    const ilp::Dictionary::Entry* entries = nullptr;
    std::uint32_t* codes = nullptr;  // of the rows of a block
    const Column* column = nullptr;
    TextOf text_of = nullptr;  // of types that are held as something else than a view of their text
    bool are_all_good = true;  // the entries

    bool has(std::size_t row) const {
      const std::size_t bit = first_bit + row;
      return bits == nullptr || (bits[bit / 8] >> (bit % 8) & 1) != 0;
    }
  };
  /// Neighbours that are written in the same way.
  struct Run {
    Step step;
    std::vector<Item> items;
  };

  void plan(const Column& column, std::vector<Run>& runs);
  Step step_of(Kind kind) const;
  static TextOf text_of(Kind kind);
  bool is_worth_escaping(const Column& column) const;
  void plan_dictionary(Item& item);
  void write_block(std::size_t first, std::size_t count);
  void read_codes(const Item& item, std::size_t first, std::size_t count);
  template <class Code>
  void read_codes_as(const Item& item, std::size_t first, std::size_t count);
  std::size_t size_of_texts(std::size_t row);
  char* write_symbols(char* out, const Run& run, std::size_t row, std::size_t place);
  char* write_columns(char* out, const Run& run, std::size_t row);
  static bool is_null(Step step, const Item& item, std::size_t row);
  char* write_rare(char* out, Step step, const Item& item, std::size_t row);
  char* write_end(char* out, std::size_t row);
  std::string_view symbol_text(const Item& item, std::size_t row);
  std::size_t code_of(const Item& item, std::size_t row);
  std::int64_t checked_integer(const Item& item, std::size_t row);

  [[noreturn]] void refuse(ErrorCode code, std::size_t row, const std::string& why);
  [[noreturn]] void refuse_full(std::size_t row);
  [[noreturn]] void refuse_not_utf8(const Item& item, std::size_t row, std::string_view text);

  LineBuffer& buffer_;
  const ColumnBatch& batch_;
  std::vector<Run> symbols_;
  std::vector<Run> columns_;
  bool has_texts_ = false;  // items that differ in size from row to row
  std::vector<ilp::Dictionary> dictionaries_;
  std::vector<std::unique_ptr<std::uint32_t[]>> codes_;
  std::size_t row_room_;  // without what differs in size
};

}  // namespace questclient
