#include "object_store/connection.hpp"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace questnode::object_store {
namespace {

std::string refusal(std::string_view connection) {
  try {
    parse_fs_connection(connection);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Connection, RootAndScratchAreRead) {
  const auto parsed = parse_fs_connection("fs::root=/mnt/x/final;atomic_write_dir=/mnt/x/scratch;");
  EXPECT_EQ(parsed.root, "/mnt/x/final");
  EXPECT_EQ(parsed.atomic_write_dir, "/mnt/x/scratch");
}

TEST(Connection, ScratchLiesBelowTheRootByDefault) {
  EXPECT_EQ(parse_fs_connection("fs::root=/srv/store;").atomic_write_dir, "/srv/store/.scratch");
}

TEST(Connection, LastSemicolonMayBeMissing) {
  EXPECT_EQ(parse_fs_connection("fs::root=/srv/store").root, "/srv/store");
}

TEST(Connection, DoubledSemicolonIsALiteralOne) {
  EXPECT_EQ(parse_fs_connection("fs::root=/srv/a;;b;;;atomic_write_dir=/srv/c;").root, "/srv/a;b;");
}

TEST(Connection, UnknownKeyNamesTheNearest) {
  EXPECT_NE(refusal("fs::rot=/srv;").find("unknown key \"rot\"; did you mean \"root\"?"), std::string::npos);
  EXPECT_NE(refusal("fs::root=/srv;atomic_dir=/x;").find("did you mean \"atomic_write_dir\"?"),
            std::string::npos);
}

TEST(Connection, WhatCannotBeMeantIsRefused) {
  EXPECT_NE(refusal("s3::bucket=b;").find("object store \"s3\" is not known"), std::string::npos);
  EXPECT_NE(refusal("/srv/store").find("there is no \"::\""), std::string::npos);
  EXPECT_NE(refusal("fs::").find("\"root\" is missing"), std::string::npos);
  EXPECT_NE(refusal("fs::root=;").find("empty value"), std::string::npos);
  EXPECT_NE(refusal("fs::root;").find("\"root\" has no value"), std::string::npos);
  EXPECT_NE(refusal("fs::root=/a;root=/b;").find("given twice"), std::string::npos);
}

}  // namespace
}  // namespace questnode::object_store
