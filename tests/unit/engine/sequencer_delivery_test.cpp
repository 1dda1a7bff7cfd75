// Streams and tokens: DESIGN.md, "Exactly once rests on these rules".
#include <set>
#include <tuple>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "sequencer_requests.hpp"

namespace questnode::engine::test {
namespace {

using Outcome = Admission::Outcome;
using base::FramePart;
using base::StreamPosition;

const base::Uuid kStream = [] {
  base::SeededRandom random(1);
  return base::Uuid::random(random);
}();

FramePart part(base::Fsn fsn, std::uint32_t first, std::uint32_t rows, bool last = true) {
  return {fsn, first, rows, 100, last};
}

/// Row r of frame f has value f * 1000 + r; rows of odd frames go to another table.
WriteRequest request_of(const std::vector<FramePart>& parts, base::Fsn first = 1,
                        std::optional<base::GapAcceptance> gap = std::nullopt) {
  std::vector<Row> rows;
  for (const FramePart& each : parts) {
    for (std::uint32_t r = 0; r < each.rows; ++r) {
      const auto value = static_cast<std::int64_t>(each.fsn * 1000 + each.first_row + r);
      rows.push_back({each.fsn % 2 == 0 ? "even" : "odd", 1000, {{"v", value}}});
    }
  }
  WriteRequest request = make_request(rows);
  request.delivery = Delivery{{kStream, first}, parts, gap};
  return request;
}

std::vector<std::int64_t> values_of(const Admission& admission) {
  std::vector<std::int64_t> values;
  for (const TableTransaction& table : decode_entry(admission.entry).tables) {
    for (const BlockColumn& column : table.block.columns)
      values.insert(values.end(), column.integers.begin(), column.integers.end());
  }
  std::sort(values.begin(), values.end());
  return values;
}

TEST(Delivery, TheTokenMovesWithTheRows) {
  Sequencer sequencer{ClusterState{}};
  Admission admission = sequencer.write(request_of({part(1, 0, 3), part(2, 0, 2, false)}), 9);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(admission.token, (StreamPosition{2, 2}));
  EXPECT_EQ(sequencer.state().token(kStream), (StreamPosition{2, 2}));
  EXPECT_EQ(values_of(admission), (std::vector<std::int64_t>{1000, 1001, 1002, 2000, 2001}));
  admission = sequencer.write(request_of({part(2, 2, 1)}), 9);
  EXPECT_EQ(admission.token, (StreamPosition{3, 0}));
  EXPECT_EQ(values_of(admission), std::vector<std::int64_t>{2002});
}

TEST(Delivery, DuplicateRowsAtTheFrontAreCutAway) {
  Sequencer sequencer{ClusterState{}};
  ASSERT_EQ(sequencer.write(request_of({part(1, 0, 3), part(2, 0, 2, false)}), 0).outcome,
            Outcome::committed);
  const Admission admission = sequencer.write(request_of({part(1, 1, 2), part(2, 0, 4), part(3, 0, 1)}), 0);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(values_of(admission), (std::vector<std::int64_t>{2002, 2003, 3000}));
  EXPECT_EQ(admission.token, (StreamPosition{4, 0}));
}

TEST(Delivery, ARequestOfDuplicatesWaitsForTheLastEntry) {
  Sequencer sequencer{ClusterState{}};
  ASSERT_EQ(sequencer.write(request_of({part(1, 0, 3)}), 0).outcome, Outcome::committed);
  ASSERT_EQ(sequencer.write(request_of({part(2, 0, 3)}), 0).outcome, Outcome::committed);
  const std::string before = sequencer.state().serialize();
  const Admission admission = sequencer.write(request_of({part(1, 0, 3)}), 0);
  EXPECT_EQ(admission.outcome, Outcome::duplicate);
  EXPECT_EQ(admission.number, 2U);
  EXPECT_EQ(admission.token, (StreamPosition{3, 0}));
  EXPECT_EQ(sequencer.state().serialize(), before);
}

TEST(Delivery, AGapIsRefusedWithTheToken) {
  Sequencer sequencer{ClusterState{}};
  ASSERT_EQ(sequencer.write(request_of({part(1, 0, 3)}), 0).outcome, Outcome::committed);
  const Admission admission = sequencer.write(request_of({part(3, 0, 3)}), 0);
  EXPECT_EQ(admission.outcome, Outcome::gap);
  EXPECT_EQ(admission.token, (StreamPosition{2, 0}));
  EXPECT_EQ(sequencer.write(request_of({part(2, 1, 3)}), 0).outcome, Outcome::gap);
  EXPECT_EQ(sequencer.state().number(), 1U);
}

TEST(Delivery, AnAcceptedGapIsACompareAndSet) {
  Sequencer sequencer{ClusterState{}};
  ASSERT_EQ(sequencer.write(request_of({part(1, 0, 3)}), 0).outcome, Outcome::committed);
  const auto accepting = [&](std::optional<StreamPosition> seen, StreamPosition start) {
    return request_of({part(4, 2, 3)}, 1, base::GapAcceptance{seen, start});
  };
  EXPECT_EQ(sequencer.write(accepting(StreamPosition{1, 0}, {4, 2}), 0).outcome, Outcome::gap);
  EXPECT_EQ(sequencer.write(accepting(std::nullopt, {4, 2}), 0).outcome, Outcome::gap);
  EXPECT_EQ(sequencer.write(accepting(StreamPosition{2, 0}, {4, 0}), 0).outcome, Outcome::gap);
  const Admission admission = sequencer.write(accepting(StreamPosition{2, 0}, {4, 2}), 0);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(admission.token, (StreamPosition{5, 0}));
  // A late copy skips nothing: it is a duplicate now.
  EXPECT_EQ(sequencer.write(accepting(StreamPosition{2, 0}, {4, 2}), 0).outcome, Outcome::duplicate);
}

TEST(Delivery, AnUnknownStreamMustBeginWithItsFirstFrame) {
  Sequencer sequencer{ClusterState{}};
  const Admission refused = sequencer.write(request_of({part(7, 0, 1)}, 6), 0);
  EXPECT_EQ(refused.outcome, Outcome::unknown_stream);
  EXPECT_EQ(refused.token, std::nullopt);
  EXPECT_EQ(sequencer.write(request_of({part(6, 1, 1)}, 6), 0).outcome, Outcome::unknown_stream);
  EXPECT_EQ(
      sequencer.write(request_of({part(7, 0, 1)}, 6, base::GapAcceptance{StreamPosition{6, 0}, {7, 0}}), 0)
          .outcome,
      Outcome::unknown_stream);
  EXPECT_EQ(
      sequencer.write(request_of({part(7, 0, 1)}, 6, base::GapAcceptance{std::nullopt, {7, 0}}), 0).outcome,
      Outcome::committed);
}

TEST(Delivery, APartThatOnlyEndsItsFrameMovesTheTokenWithoutRows) {
  Sequencer sequencer{ClusterState{}};
  ASSERT_EQ(sequencer.write(request_of({part(1, 0, 3, false)}), 0).outcome, Outcome::committed);
  const Admission admission = sequencer.write(request_of({part(1, 0, 3)}), 0);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(admission.token, (StreamPosition{2, 0}));
  EXPECT_TRUE(decode_entry(admission.entry).tables.empty());
}

TEST(Delivery, PartsThatCannotBeAreRefused) {
  const auto message = [](std::vector<FramePart> parts, std::vector<FramePart> said) {
    Sequencer sequencer{ClusterState{}};
    EXPECT_EQ(sequencer.write(request_of({part(1, 0, 5, false)}), 0).outcome, Outcome::committed);
    WriteRequest request = request_of(parts);
    request.delivery->parts = std::move(said);
    const Admission admission = sequencer.write(std::move(request), 0);
    EXPECT_EQ(admission.outcome, Outcome::refused);
    EXPECT_EQ(sequencer.state().number(), 1U);
    return admission.message;
  };
  EXPECT_EQ(message({part(1, 5, 3)}, {part(1, 5, 2)}),
            "X-Questclient-Frames: the parts have 2 rows, the body has 3");
  EXPECT_EQ(message({part(1, 5, 3)}, {}), "X-Questclient-Frames: the parts have 0 rows, the body has 3");
  EXPECT_EQ(message({part(1, 5, 2)}, {part(1, 5, 1), part(3, 0, 1)}),
            "X-Questclient-Frames: part 3:0+1;100 does not follow the part before it");
  EXPECT_EQ(message({part(1, 5, 2)}, {part(1, 5, 1, false), part(1, 7, 1)}),
            "X-Questclient-Frames: part 1:7+1;100 does not follow the part before it");
  EXPECT_EQ(message({part(1, 5, 2)}, {part(1, 0xFFFFFFFF, 2)}),
            "X-Questclient-Frames: an impossible part: 1:4294967295+2;100");
  EXPECT_EQ(message({part(1, 0, 3)}, {part(1, 0, 3)}),
            "X-Questclient-Frames: frame 1 is said to end before row 5, up to which it was committed");
}

TEST(Delivery, TypesAreCheckedOnlyForRowsThatAreNew) {
  Sequencer sequencer{ClusterState{}};
  ASSERT_EQ(sequencer.write(request_of({part(1, 0, 1)}), 0).outcome, Outcome::committed);
  WriteRequest request = make_request({{"odd", 1, {{"v", 2.5}}}, {"odd", 1, {{"v", std::int64_t{2}}}}});
  request.delivery = Delivery{{kStream, 1}, {part(1, 0, 1), part(2, 0, 1)}, std::nullopt};
  const Admission admission = sequencer.write(request, 0);
  ASSERT_EQ(admission.outcome, Outcome::committed);
  EXPECT_EQ(values_of(admission), std::vector<std::int64_t>{2});
  const std::string before = sequencer.state().serialize();
  request.delivery->parts = {part(3, 0, 1), part(4, 0, 1)};
  const Admission bad = sequencer.write(request, 0);
  EXPECT_EQ(bad.outcome, Outcome::refused);
  EXPECT_EQ(bad.line, 1U);
  EXPECT_EQ(sequencer.state().serialize(), before);
}

/// A client that sends any of its rows at any time, again, split, reordered, with and without accepting gaps,
/// against what the rules promise.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed) : random_(seed) {
    for (base::Fsn fsn = 0; fsn < kFirst + kFrames; ++fsn) rows_of_.push_back(1 + random_.below32(4));
  }

  void run() {
    for (int step = 0; step < 60; ++step) ASSERT_NO_FATAL_FAILURE(send());
    // The replica that applied the log agrees.
    EXPECT_EQ(replica_.serialize(), sequencer_.state().serialize());
  }

  int committed = 0;
  int duplicates = 0;
  int gaps = 0;
  int accepted_gaps = 0;

 private:
  static constexpr base::Fsn kFirst = 5;
  static constexpr base::Fsn kFrames = 12;

  struct Random {
    explicit Random(std::uint64_t seed) : source(seed) {}
    std::uint32_t below32(std::uint32_t bound) { return static_cast<std::uint32_t>(source.below(bound)); }
    base::SeededRandom source;
  };

  std::vector<FramePart> choose_parts() {
    const base::Fsn near = token_ ? token_->fsn : kFirst;
    base::Fsn fsn = std::max<base::Fsn>(kFirst, near + random_.below32(4) - std::min<base::Fsn>(near, 2));
    std::uint32_t row = 0;
    if (random_.below32(3) == 0 && fsn < rows_of_.size()) row = random_.below32(rows_of_[fsn]);
    if (token_ && random_.below32(3) == 0) std::tie(fsn, row) = std::pair(token_->fsn, token_->row);
    std::vector<FramePart> parts;
    for (auto count = 1 + random_.below32(4); count > 0 && fsn < rows_of_.size(); --count) {
      std::uint32_t rows = rows_of_[fsn] - row;
      if (count == 1 && rows > 1 && random_.below32(2) == 0) --rows;
      const bool last = row + rows == rows_of_[fsn];
      parts.push_back(part(fsn, row, rows, last));
      row = 0;
      ++fsn;
    }
    return parts;
  }

  void send() {
    const std::vector<FramePart> parts = choose_parts();
    if (parts.empty()) return;
    std::optional<base::GapAcceptance> gap;
    if (random_.below32(4) == 0)
      gap = base::GapAcceptance{random_.below32(2) == 0 ? token_ : stale_, parts[0].begin()};
    const Admission admission = sequencer_.write(request_of(parts, kFirst, gap), 0);
    const StreamPosition start = parts.front().begin();
    const StreamPosition end = parts.back().end();
    const bool allowed = gap && gap->seen == token_ && gap->start == start;
    const StreamPosition due = token_.value_or(StreamPosition{kFirst, 0});
    if (!token_ && start != due && !allowed) {
      EXPECT_EQ(admission.outcome, Outcome::unknown_stream);
    } else if (start > due && !allowed) {
      EXPECT_EQ(admission.outcome, Outcome::gap);
      ++gaps;
    } else if (token_ && end <= *token_) {
      EXPECT_EQ(admission.outcome, Outcome::duplicate);
      ++duplicates;
    } else {
      ASSERT_EQ(admission.outcome, Outcome::committed) << admission.message;
      ++committed;
      if (start > due) ++accepted_gaps;
      check_rows(admission, parts);
      stale_ = token_;
      token_ = end;
      replica_.apply(decode_entry(admission.entry));
    }
    EXPECT_EQ(sequencer_.state().token(kStream), token_);
  }

  /// Exactly the rows behind the token, each for the first time.
  void check_rows(const Admission& admission, const std::vector<FramePart>& parts) {
    std::vector<std::int64_t> expected;
    for (const FramePart& each : parts) {
      for (std::uint32_t r = each.first_row; r < each.first_row + each.rows; ++r) {
        if (token_ && StreamPosition{each.fsn, r} < *token_) continue;
        expected.push_back(static_cast<std::int64_t>(each.fsn * 1000 + r));
      }
    }
    EXPECT_EQ(values_of(admission), expected);
    for (const std::int64_t value : expected) EXPECT_TRUE(seen_.insert(value).second) << value;
  }

  Random random_;
  std::vector<std::uint32_t> rows_of_;
  Sequencer sequencer_{ClusterState{}};
  ClusterState replica_;
  std::optional<StreamPosition> token_;
  std::optional<StreamPosition> stale_;
  std::set<std::int64_t> seen_;
};

// Invariant 6 of server-stub/engine/README.md.
TEST(Delivery, EachRowIsCommittedOnceWhateverIsSent) {
  int committed = 0;
  int duplicates = 0;
  int gaps = 0;
  int accepted_gaps = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule schedule(seed);
    ASSERT_NO_FATAL_FAILURE(schedule.run());
    committed += schedule.committed;
    duplicates += schedule.duplicates;
    gaps += schedule.gaps;
    accepted_gaps += schedule.accepted_gaps;
  }
  EXPECT_GT(committed, 1000);
  EXPECT_GT(duplicates, 1000);
  EXPECT_GT(gaps, 300);
  EXPECT_GT(accepted_gaps, 100);
}

}  // namespace
}  // namespace questnode::engine::test
