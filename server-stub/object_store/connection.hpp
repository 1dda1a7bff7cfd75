#pragma once

#include <filesystem>
#include <string_view>

namespace questnode::object_store {

/// What an "fs::" connection says.
struct FsConnection {
  std::filesystem::path root;
  std::filesystem::path atomic_write_dir;  ///< Same file system as `root`; default <root>/.scratch.
};

/// "fs::root=/mnt/x/final;atomic_write_dir=/mnt/x/scratch;", with ";;" for a literal ';' in a value.
/// Throws std::runtime_error that names the key, and for an unknown one the nearest that is known.
FsConnection parse_fs_connection(std::string_view connection);

}  // namespace questnode::object_store
