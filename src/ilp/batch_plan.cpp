// What of a batch is settled before its first row.
#include <algorithm>
#include <string>

#include "ilp/batch_writer.hpp"
#include "ilp/decimal.hpp"
#include "ilp/items.hpp"

namespace questclient {
namespace {

std::string_view text(const std::string& value) {
  return value;
}
std::string_view text(const Long256& value) {
  return value.encoded();
}
template <SentAsText T>
std::string_view text(const T& value) {
  return value.text();
}

template <class T>
std::string_view text_at(const void* values, std::size_t row) {
  return text(static_cast<const T*>(values)[row]);
}

}  // namespace

LineBuffer::BatchWriter::BatchWriter(LineBuffer& buffer, const ColumnBatch& batch)
    : buffer_(buffer), batch_(batch), row_room_(batch.table_.length_ + ilp::kNumberRoom + 2 * ilp::kSlack) {
  if (buffer.state_ != State::idle) buffer.refuse_call("add()");
  for (const Column& column : batch.symbols_) plan(column, symbols_);
  for (const Column& column : batch.columns_) plan(column, columns_);
}

LineBuffer::BatchWriter::Step LineBuffer::BatchWriter::step_of(Kind kind) const {
  const bool is_v1 = buffer_.options_.version == ProtocolVersion::v1;
  switch (kind) {
    case Kind::boolean:
      return Step::boolean;
    case Kind::integer:
      return Step::integer;
    case Kind::integer32:
      return Step::integer32;
    case Kind::real32:
      return Step::real32;
    case Kind::real:
      return is_v1 ? Step::real_as_text : Step::real;
    case Kind::text:
      return Step::text;
    case Kind::string:
    case Kind::uuid:
    case Kind::ipv4:
    case Kind::geohash:
    case Kind::character:
      return Step::other_text;
    case Kind::long256:
      return Step::long256;
    case Kind::micros:
      return Step::micros;
    case Kind::nanos:
      return is_v1 ? Step::nanos_as_micros : Step::nanos;
    case Kind::array:
      return Step::array;
    case Kind::decimal:
      return Step::decimal;
    default:
      return Step::symbol;
  }
}

void LineBuffer::BatchWriter::plan(const Column& column, std::vector<Run>& runs) {
  Item item;
  item.column = &column;
  item.prefix = column.name.padded_.data();
  item.prefix_length = column.name.length_;
  item.values = column.values;
  if (column.validity.is_given) item.bits = column.validity.bits.data();
  item.first_bit = column.validity.first_bit;
  row_room_ += item.prefix_length + ilp::kSlack + std::max(ilp::kNumberRoom, ilp::kDecimalRoom);
  Step step = step_of(column.kind);
  if (step == Step::symbol && is_worth_escaping(column)) {
    step = Step::dictionary;
    plan_dictionary(item);
  }
  item.text_of = text_of(column.kind);
  has_texts_ = has_texts_ || differs_in_size(step);
  if (runs.empty() || runs.back().step != step) runs.push_back({step, {}});
  runs.back().items.push_back(item);
}

// More entries than rows are not; nor are those that could not be added, but take memory.
bool LineBuffer::BatchWriter::is_worth_escaping(const Column& column) const {
  const auto fits = [&](std::string_view entry) { return entry.size() <= buffer_.options_.max_size; };
  return column.kind != Kind::symbol && column.dictionary.size() <= batch_.rows_ &&
         std::all_of(column.dictionary.begin(), column.dictionary.end(), fits);
}

void LineBuffer::BatchWriter::plan_dictionary(Item& item) {
  const std::string_view prefix(item.prefix, item.prefix_length);
  const ilp::Dictionary& dictionary = dictionaries_.emplace_back(prefix, item.column->dictionary);
  item.entries = dictionary.entries();
  item.are_all_good = dictionary.are_all_good();
  item.codes = codes_.emplace_back(std::make_unique<std::uint32_t[]>(kBlockRows)).get();
  row_room_ += dictionary.max_length();
}

LineBuffer::BatchWriter::TextOf LineBuffer::BatchWriter::text_of(Kind kind) {
  switch (kind) {
    case Kind::string:
      return text_at<std::string>;
    case Kind::uuid:
      return text_at<Uuid>;
    case Kind::ipv4:
      return text_at<Ipv4>;
    case Kind::geohash:
      return text_at<Geohash>;
    case Kind::character:
      return text_at<Char>;
    case Kind::long256:
      return text_at<Long256>;
    default:
      return nullptr;
  }
}

}  // namespace questclient
