#include "engine/block_rows.hpp"

#include <memory>
#include <optional>
#include <stdexcept>

#include <sqlite3.h>

#include "engine/names.hpp"
#include "engine/sqlite.hpp"

namespace questnode::engine {
namespace {

struct Table : sqlite3_vtab {
  const BlockRows* rows = nullptr;
};

/// Where the values of one target column come from in the block at hand.
struct Source {
  const BlockColumn* column = nullptr;  ///< Null: every row is NULL here.
  Storage storage = Storage::integer;
  std::optional<ColumnCursor> cursor;
};

struct Cursor : sqlite3_vtab_cursor {
  const BlockRows* rows = nullptr;
  std::size_t block_index = 0;
  const Block* block = nullptr;  ///< Null: at the end.
  std::uint32_t row = 0;
  std::vector<Source> sources;

  void enter(std::size_t index) {
    block_index = index;
    row = 0;
    while (block_index < rows->blocks().size() && rows->blocks()[block_index]->rows == 0) ++block_index;
    if (block_index == rows->blocks().size()) {
      block = nullptr;
      return;
    }
    block = rows->blocks()[block_index];
    sources.assign(rows->columns(), Source{});
    std::size_t hint = 0;
    for (const BlockColumn& column : block->columns) {
      hint = rows->index_of(column.name, hint);
      sources[hint] = {&column, storage_of(column.type), ColumnCursor(column)};
      ++hint;
    }
  }
};

int on_connect(sqlite3* database, void* context, int, const char* const*, sqlite3_vtab** out, char**) {
  const auto* rows = static_cast<const BlockRows*>(context);
  std::string declaration = "CREATE TABLE x(c0";
  for (std::size_t i = 1; i < rows->columns(); ++i) declaration += ",c" + std::to_string(i);
  const int code = sqlite3_declare_vtab(database, (declaration + ")").c_str());
  if (code != SQLITE_OK) return code;
  auto table = std::make_unique<Table>();
  table->rows = rows;
  *out = table.release();
  return SQLITE_OK;
}

int on_disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

int on_best_index(sqlite3_vtab*, sqlite3_index_info* info) {
  info->estimatedCost = 1e6;
  info->estimatedRows = 1'000'000;
  return SQLITE_OK;
}

int on_open(sqlite3_vtab* table, sqlite3_vtab_cursor** out) {
  auto cursor = std::make_unique<Cursor>();
  cursor->rows = static_cast<Table*>(table)->rows;
  *out = cursor.release();
  return SQLITE_OK;
}

int on_close(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

// Exceptions must not pass through SQLite.
int enter_block(Cursor& cursor, std::size_t index) {
  try {
    cursor.enter(index);
    return SQLITE_OK;
  } catch (const std::exception& error) {
    sqlite3_free(cursor.pVtab->zErrMsg);
    cursor.pVtab->zErrMsg = sqlite3_mprintf("%s", error.what());
    return SQLITE_ERROR;
  }
}

int on_filter(sqlite3_vtab_cursor* base, int, const char*, int, sqlite3_value**) {
  return enter_block(*static_cast<Cursor*>(base), 0);
}

int on_next(sqlite3_vtab_cursor* base) {
  auto& cursor = *static_cast<Cursor*>(base);
  if (++cursor.row < cursor.block->rows) return SQLITE_OK;
  return enter_block(cursor, cursor.block_index + 1);
}

int on_end(sqlite3_vtab_cursor* base) {
  return static_cast<Cursor*>(base)->block == nullptr ? 1 : 0;
}

int on_column(sqlite3_vtab_cursor* base, sqlite3_context* result, int index) {
  auto& cursor = *static_cast<Cursor*>(base);
  const auto column = static_cast<std::size_t>(index);
  if (column == cursor.rows->timestamp_column()) {
    sqlite3_result_int64(result, cursor.block->timestamps[cursor.row]);
    return SQLITE_OK;
  }
  Source& source = cursor.sources[column];
  if (source.column == nullptr) return SQLITE_OK;
  const std::optional<std::size_t> value = source.cursor->value_of(cursor.row);
  if (!value) return SQLITE_OK;
  switch (source.storage) {
    case Storage::integer:
      sqlite3_result_int64(result, source.column->integers[*value]);
      break;
    case Storage::real:
      sqlite3_result_double(result, source.column->reals[*value]);
      break;
    case Storage::text: {
      const std::string_view text = source.column->text_at(*value);
      sqlite3_result_text64(result, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
      break;
    }
  }
  return SQLITE_OK;
}

int on_rowid(sqlite3_vtab_cursor*, sqlite3_int64* out) {
  *out = 0;
  return SQLITE_OK;
}

sqlite3_module make_module() {
  sqlite3_module module{};
  module.iVersion = 1;
  module.xConnect = on_connect;  // no xCreate: the table exists on every connection that has the module
  module.xDisconnect = on_disconnect;
  module.xBestIndex = on_best_index;
  module.xOpen = on_open;
  module.xClose = on_close;
  module.xFilter = on_filter;
  module.xNext = on_next;
  module.xEof = on_end;
  module.xColumn = on_column;
  module.xRowid = on_rowid;
  return module;
}

}  // namespace

void BlockRows::set_columns(const std::vector<std::string>& names, std::size_t timestamp_column) {
  names_ = names;
  timestamp_column_ = timestamp_column;
}

void BlockRows::attach(sqlite3* database) {
  static const sqlite3_module module = make_module();
  if (sqlite3_create_module(database, std::string(kRowsTable).c_str(), &module, this) != SQLITE_OK)
    throw_sqlite(database, "cannot define the table of new rows");
}

std::size_t BlockRows::index_of(const std::string& name, std::size_t hint) const {
  if (hint < names_.size() && same_name(names_[hint], name)) return hint;
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (same_name(names_[i], name)) return i;
  throw std::logic_error("a block has rows for column " + name + ", which its table lacks");
}

}  // namespace questnode::engine
