// Invariants T2 and T3 of server-stub/engine/README.md: a crash at any step loses and doubles nothing.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/table_file.hpp"
#include "engine/table_store.hpp"
#include "unit/engine/table_fixture.hpp"

namespace questnode::engine {
namespace {

using nlohmann::json;

/// Entries over two tables, with a new column half way.
void fill(Tables& tables, int entries) {
  const auto block = [](int i) { return rows_of({i}, {integers("a", {i})}); };
  tables.create("left", block(1));
  tables.add("right", block(1)).creation = Tables::creation_for(block(1));
  for (int i = 2; i <= entries; ++i) {
    tables.entry("left", block(i));
    TableTransaction& right = tables.add("right", block(i));
    if (i == entries / 2) right.added_columns = {{"extra", ColumnType::varchar, 0}};
  }
}

void copy_directory(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

/// Opens a copy as a node does after a kill, applies the rest of the log, compares with what must be there.
void expect_recovers(const Tables& tables, const std::filesystem::path& copy) {
  const auto store = TableStore::open(copy);
  tables.apply_all(*store, 3);
  EXPECT_EQ(store->state().number(), tables.log().size());
  const auto expected = static_cast<std::int64_t>(tables.log().size());
  for (const std::string table : {"left", "right"}) {
    const SqlAnswer answer =
        run_select(copy, store->state(), "SELECT count(), sum(a), count(DISTINCT a) FROM " + table,
                   std::chrono::seconds(20), 1 << 20);
    EXPECT_EQ(json::parse(answer.json)["dataset"],
              json::array({json::array({expected, expected * (expected + 1) / 2, expected})}))
        << answer.json;
  }
}

TEST(TableStoreRecovery, OpensAtItsCheckpoint) {
  Tables tables;
  fill(tables, 4);
  tables.apply_all();
  EXPECT_EQ(tables.store().checkpoint(), 4U);
  const std::string state = tables.store().state().serialize();
  tables.open();
  EXPECT_EQ(tables.store().applied(), 4U);
  EXPECT_EQ(tables.store().state().serialize(), state);
}

TEST(TableStoreRecovery, AKillBetweenAnyTwoBatchesDoesNoHarm) {
  Tables tables;
  fill(tables, 10);
  ScratchDirectory copies;
  for (std::size_t i = 0; i < tables.log().size(); ++i) {
    tables.store().apply({tables.log()[i]});
    if (i == 3 || i == 6) {
      EXPECT_EQ(tables.store().checkpoint(), i + 1);
    }
    copy_directory(tables.directory(), copies.path() / std::to_string(i));
  }
  for (std::size_t i = 0; i < tables.log().size(); ++i) {
    SCOPED_TRACE(i);
    expect_recovers(tables, copies.path() / std::to_string(i));
  }
}

// The tables of one batch are committed one after the other: any mixture of old and new files must do.
TEST(TableStoreRecovery, AKillBetweenTwoTablesDoesNoHarm) {
  Tables tables;
  fill(tables, 8);
  tables.store().apply({tables.log()[0], tables.log()[1]});
  tables.store().checkpoint();
  ScratchDirectory copies;
  copy_directory(tables.directory(), copies.path() / "before");
  tables.apply_all();
  copy_directory(tables.directory(), copies.path() / "after");
  for (const std::string ahead : {"left", "right"}) {
    SCOPED_TRACE(ahead);
    const auto mixed = copies.path() / ("mixed-" + ahead);
    copy_directory(copies.path() / "before", mixed);
    for (const std::string suffix : {"", "-wal", "-shm"}) {
      const std::string name = table_file_name(ahead) + suffix;
      std::filesystem::remove(mixed / name);
      if (std::filesystem::exists(copies.path() / "after" / name))
        std::filesystem::copy(copies.path() / "after" / name, mixed / name);
    }
    expect_recovers(tables, mixed);
  }
}

// Before the first checkpoint there is no catalog, but there may be tables.
TEST(TableStoreRecovery, AKillBeforeTheFirstCheckpointDoesNoHarm) {
  Tables tables;
  fill(tables, 6);
  tables.apply_all();
  ScratchDirectory copies;
  copy_directory(tables.directory(), copies.path() / "copy");
  expect_recovers(tables, copies.path() / "copy");
}

TEST(TableStoreRecovery, AnEmptyFileIsATableThatWasNotCreatedYet) {
  Tables tables;
  fill(tables, 3);
  put_file(tables.directory() / table_file_name("left"), "");
  tables.apply_all();
  EXPECT_EQ(tables.rows("SELECT count() FROM left"), json::parse("[[3]]"));
}

// Whatever of the -wal file a power cut takes was applied after the checkpoint.
TEST(TableStoreRecovery, ATornWalFileBehindTheCheckpointDoesNoHarm) {
  Tables tables;
  fill(tables, 12);
  for (std::size_t i = 0; i < 6; ++i) tables.store().apply({tables.log()[i]});
  tables.store().checkpoint();
  const auto log = table_file_name("left") + "-wal";
  const auto synced = std::filesystem::file_size(tables.directory() / log);
  for (std::size_t i = 6; i < 12; ++i) tables.store().apply({tables.log()[i]});
  ScratchDirectory copies;
  const auto written = std::filesystem::file_size(tables.directory() / log);
  ASSERT_GT(written, synced);
  int count = 0;
  for (auto size = synced; size < written; size += 3001) {
    const auto copy = copies.path() / std::to_string(count++);
    copy_directory(tables.directory(), copy);
    std::filesystem::resize_file(copy / log, size);
    std::filesystem::remove(copy / (table_file_name("left") + "-shm"));
    SCOPED_TRACE(size);
    expect_recovers(tables, copy);
  }
}

TEST(TableStoreRecovery, ADamagedCatalogIsNamed) {
  Tables tables;
  fill(tables, 3);
  tables.apply_all();
  tables.store().checkpoint();
  std::string bytes = file_bytes(tables.directory() / "catalog");
  bytes[bytes.size() / 2] ^= 4;
  put_file(tables.directory() / "catalog", bytes);
  try {
    TableStore::open(tables.directory());
    FAIL() << "opened";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("catalog"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace questnode::engine
