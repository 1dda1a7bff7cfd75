// The segment's own row and what encrypts frames: shared by SegmentWriter and SegmentReader.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "buffer/segment.hpp"

namespace questclient::buffer {

/// Creates the tables of today's format.
void create_tables(Database& database);

/// With a key the header's position is encrypted and its key check made.
void put_header_row(Database& database, const SegmentHeader& header, std::string_view key);
/// Without the key, or with another one, the position stays out. `format`: of the tables.
/// Throws SegmentDamaged, SqliteError.
std::optional<SegmentHeader> read_header_row(Database& database, std::int64_t format, std::string_view key);
/// Of the tables. Throws Error{slot_format} for a newer release's.
std::int64_t read_format(Database& database);

/// What is encrypted belongs to one frame of one stream, and cannot be passed off as another's.
std::string frame_association(const base::Uuid& stream, Fsn fsn, std::int64_t created, std::int64_t rows);
std::string position_association(const base::Uuid& stream, Fsn fsn);
/// Whether `header` was written with this key; a plain one: with none.
bool key_fits(const SegmentHeader& header, std::string_view key);

}  // namespace questclient::buffer
