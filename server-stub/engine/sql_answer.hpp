// Turns the rows of a statement into QuestDB's JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cluster_state.hpp"

struct sqlite3_stmt;

namespace questnode::engine {

/// REQUIRES: everything passed in outlives it.
class AnswerBuilder {
 public:
  AnswerBuilder(const ClusterState& state, sqlite3_stmt* statement);

  /// The row that the statement stands at.
  void add_row();
  std::size_t bytes() const { return dataset_.size(); }
  std::string finish(std::string_view sql) const;

 private:
  struct Column {
    std::string name;
    std::optional<ColumnDefinition> origin;  ///< None: computed, its type follows from the values.
    bool designated = false;
    int seen = 0;  ///< SQLite's type of the values so far; 0: only NULLs.
  };
  void add_value(Column& column, int index);
  void add_computed(Column& column, int index);
  static std::string_view type_of_values(const Column& column);

  sqlite3_stmt* statement_;
  std::vector<Column> columns_;
  std::string dataset_;
  std::size_t count_ = 0;
};

}  // namespace questnode::engine
