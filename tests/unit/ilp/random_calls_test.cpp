// Random sequences of calls, good and bad, against an oracle that is as simple as can be.
#include <random>
#include <string>
#include <vector>

#include "support.hpp"

namespace questclient {
namespace {

/// What the buffer must hold: complete rows, and the text of the row under construction.
class Oracle {
 public:
  explicit Oracle(ProtocolVersion version) : version_(version) {}

  // Each returns whether the call is one that a LineBuffer takes.
  bool table(const std::string& name) {
    if (state_ != 'i' || !is_good(name)) return drop();
    row_ = name;
    state_ = 't';
    return true;
  }
  bool symbol(const std::string& name, const std::string& value) {
    if ((state_ != 't' && state_ != 's') || !is_good(name) || !is_good(value)) return drop();
    row_ += "," + name + "=" + value;
    state_ = 's';
    return true;
  }
  bool column(const std::string& name, const std::string& encoded) {
    if (state_ == 'i' || !is_good(name) || !is_good(encoded)) return drop();
    row_ += (state_ == 'c' ? "," : " ") + name + encoded;
    state_ = 'c';
    return true;
  }
  bool end(const std::string& timestamp) {
    if ((state_ != 's' && state_ != 'c') || timestamp.find('-') != std::string::npos) return drop();
    payload += row_ + timestamp + "\n";
    lengths.push_back(static_cast<std::uint32_t>(row_.size() + timestamp.size() + 1));
    if (timestamp.empty()) ++without_timestamp;
    state_ = 'i';
    return true;
  }
  bool drop() {
    row_.clear();
    state_ = 'i';
    return false;
  }
  void clear() {
    drop();
    payload.clear();
    lengths.clear();
    without_timestamp = 0;
  }
  bool is_v1() const { return version_ == ProtocolVersion::v1; }

  std::string payload;
  std::vector<std::uint32_t> lengths;
  std::size_t without_timestamp = 0;

 private:
  static bool is_good(const std::string& text) { return text.find('\xff') == std::string::npos; }

  ProtocolVersion version_;
  std::string row_;
  char state_ = 'i';
};

class Game {
 public:
  Game(std::uint64_t seed, ProtocolVersion version)
      : random_(seed), buffer_(testing::buffer_of(version)), oracle_(version) {}

  void play(int calls) {
    for (int i = 0; i < calls; ++i) {
      call();
      ASSERT_EQ(buffer_.payload(), oracle_.payload);
      ASSERT_EQ(buffer_.rows_without_timestamp(), oracle_.without_timestamp);
      const auto lengths = buffer_.row_lengths();
      ASSERT_TRUE(std::equal(lengths.begin(), lengths.end(), oracle_.lengths.begin(), oracle_.lengths.end()));
      testing::expect_lengths_add_up(buffer_);
    }
    EXPECT_GT(refused_, calls / 20);
    EXPECT_GT(rows_, calls / 50);
  }

 private:
  template <class Call>
  void expect(bool is_taken, Call&& call) {
    if (!is_taken) ++refused_;
    try {
      call();
      ASSERT_TRUE(is_taken);
    } catch (const Error& error) {
      ASSERT_FALSE(is_taken) << error.what();
    }
  }

  bool chance(unsigned one_in) { return random_() % one_in == 0; }

  std::string word() {
    std::string text(1 + random_() % 40, 'a');
    for (char& c : text) c = static_cast<char>('a' + random_() % 26);
    if (chance(25)) text[random_() % text.size()] = '\xff';
    return text;
  }

  void call() {
    const auto kind = random_() % 32;
    const std::string name = word();
    if (kind < 6) {
      expect(oracle_.table(name), [&] { buffer_.table(name); });
    } else if (kind < 12) {
      const std::string value = word();
      expect(oracle_.symbol(name, value), [&] { buffer_.symbol(name, value); });
    } else if (kind < 24) {
      column(name);
    } else if (kind < 31) {
      end();
    } else if (chance(4)) {
      oracle_.clear();
      buffer_.clear();
    } else {
      oracle_.drop();
      buffer_.cancel_row();
    }
  }

  void column(const std::string& name) {
    const auto number = static_cast<std::int64_t>(random_() >> (random_() % 64));
    switch (random_() % 5) {
      case 0:
        return expect(oracle_.column(name, number % 2 == 0 ? "=t" : "=f"),
                      [&] { buffer_.column(name, number % 2 == 0); });
      case 1:
        return expect(oracle_.column(name, "=" + std::to_string(number) + "i"),
                      [&] { buffer_.column(name, number); });
      case 2: {
        // Halves of small numbers print the same way everywhere; \xff never occurs in their eight bytes.
        const double value = static_cast<double>(number & 0xff) / 2;
        const std::string whole = std::to_string((number & 0xff) / 2) + ((number & 1) != 0 ? ".5" : "");
        return expect(oracle_.column(name, oracle_.is_v1() ? "=" + whole : testing::binary(value)),
                      [&] { buffer_.column(name, value); });
      }
      case 3: {
        const std::string value = word();
        return expect(oracle_.column(name, "=\"" + value + "\""), [&] { buffer_.column(name, value); });
      }
      default:
        return expect(oracle_.column(name, "=" + std::to_string(number) + "t"),
                      [&] { buffer_.column(name, TimestampMicros{number}); });
    }
  }

  void end() {
    ++rows_;
    if (chance(3)) return expect(oracle_.end(""), [&] { buffer_.at_now(); });
    auto number = static_cast<std::int64_t>(random_() >> (1 + random_() % 63));
    if (chance(20)) number = -number - 1;
    const std::string text = " " + std::to_string(number) + (oracle_.is_v1() ? "" : "n");
    expect(oracle_.end(text), [&] { buffer_.at(TimestampNanos{number}); });
  }

  std::mt19937_64 random_;
  LineBuffer buffer_;
  Oracle oracle_;
  int refused_ = 0;
  int rows_ = 0;
};

// Invariants 1 and 2.
TEST(RandomCalls, TheBufferHoldsWhatTheOracleHolds) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Game(seed, ProtocolVersion::v1).play(500);
    Game(seed, ProtocolVersion::v2).play(500);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Arbitrary bytes as names and values, a small bound: only Error is thrown, complete rows stay.
TEST(RandomCalls, GarbageNeverChangesCompleteRows) {
  std::mt19937_64 random(99);
  LineBuffer::Options options;
  options.max_size = 2000;
  options.initial_size = 16;
  LineBuffer buffer(options);
  int refused = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string name(random() % 4, '\0');
    for (char& c : name) c = static_cast<char>(random());
    std::string value(random() % 40, '\0');
    for (char& c : value) c = static_cast<char>(random() % (random() % 4 == 0 ? 256 : 128));
    const std::string before(buffer.payload());
    try {
      buffer.table(random() % 2 == 0 ? "t" : name);
      buffer.symbol(random() % 2 == 0 ? "s" : name, random() % 2 == 0 ? "x" : value);
      buffer.column(random() % 2 == 0 ? "c" : name, value).at_now();
      ASSERT_TRUE(buffer.payload().starts_with(before));
    } catch (const Error& error) {
      ++refused;
      ASSERT_EQ(buffer.payload(), before);
      if (error.code() == ErrorCode::buffer_full) buffer.clear();
    }
    testing::expect_lengths_add_up(buffer);
    ASSERT_LE(buffer.size(), options.max_size);
  }
  EXPECT_GT(refused, 1000);
  EXPECT_LT(refused, 49'000);
}

}  // namespace
}  // namespace questclient
