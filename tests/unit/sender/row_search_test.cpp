// Requests become smaller where bad rows are.
#include "sender/row_search.hpp"

#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

base::StreamPosition at(std::uint32_t row) {
  return {1, row};
}

TEST(RowSearch, HalvesUntilTheRowIsPassed) {
  RowSearch search;
  EXPECT_EQ(search.limit(at(0)), 0U);
  search.refused(at(0), at(8), 8);
  EXPECT_EQ(search.limit(at(0)), 4U);
  search.accepted(4, at(4));
  EXPECT_EQ(search.limit(at(4)), 2U);
  search.accepted(4, at(8));
  EXPECT_EQ(search.limit(at(8)), 0U);
}

TEST(RowSearch, ACursorThatStepsBackIsNotSlowedDown) {
  RowSearch search;
  search.refused(at(10), at(18), 8);
  EXPECT_EQ(search.limit(at(2)), 0U) << "a failover: these rows were fine";
  search.accepted(8, at(10));
  EXPECT_EQ(search.limit(at(10)), 4U);
}

TEST(RowSearch, ABadRowAmongManyGoodOnesChangesNothing) {
  RowSearch search;
  for (int round = 0; round < 10; ++round) {
    search.removed(1000);
    EXPECT_EQ(search.limit(at(0)), 0U);
    search.accepted(1000, at(1));
  }
}

TEST(RowSearch, BadRowsCloseTogetherMakeRequestsSmallerAndGoodOnesLargerAgain) {
  RowSearch search;
  search.removed(1000);
  search.accepted(1, at(1));  // a request ends at a row that was taken out
  search.removed(998);
  EXPECT_EQ(search.limit(at(1)), 499U);
  search.accepted(1, at(2));
  EXPECT_EQ(search.limit(at(2)), 499U) << "a shorter request says nothing";
  search.removed(499);
  EXPECT_EQ(search.limit(at(2)), 249U);
  search.accepted(249, at(3));
  EXPECT_EQ(search.limit(at(3)), 498U);
  for (int round = 0; round < 30; ++round) search.accepted(search.limit(at(4)), at(4));
  EXPECT_EQ(search.limit(at(4)), 0U);
}

TEST(RowSearch, ManyBadRowsCostNoMoreThanTheirOwnBytesTimesAFew) {
  for (const std::uint32_t every : {1U, 2U, 7U, 50U}) {
    VectorStore store;
    std::vector<std::string> rows;
    for (std::uint32_t row = 0; row < 2000; ++row) rows.push_back(row % every == 0 ? "!\n" : "a\n");
    store.append(rows);
    Rig rig(store);
    rig.connect(kPlain);
    std::size_t accepted = 0;
    while (rig.is_write()) {
      const std::string body(rig.request->body);
      const std::size_t bad = body.find('!');
      accepted += bad == std::string::npos ? body.size() / 2 : 0;
      bad == std::string::npos
          ? rig.answer(204)
          : rig.answer(400, {},
                       R"({"code":"invalid","message":"no","line":)" + std::to_string(bad / 2 + 1) + "}");
    }
    EXPECT_EQ(store.letters.size(), (2000 + every - 1) / every);
    EXPECT_EQ(accepted, 2000 - store.letters.size());
    EXPECT_LT(rig.core->stats().bytes_sent, 8U * 4000) << "one bad row in " << every;
  }
}

}  // namespace
}  // namespace questclient::sender
