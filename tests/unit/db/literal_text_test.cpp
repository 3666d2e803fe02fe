#include "common/db/target/literal_text.hpp"
#include "tests/support/catch.hpp"

namespace lethe::db {
namespace {

std::string written(const std::string& sql, const std::vector<std::optional<std::string>>& values) {
  BuiltStatement built;
  built.sql = sql;
  for (const auto& value : values) built.params.add(value);
  return with_literals(built);
}

TEST_CASE("values take the places of their placeholders", "[literal_text]") {
  CHECK(written("a = $1::text AND b < $2::int AND c = $1", {"x", "7"}) ==
        "a = 'x'::text AND b < '7'::int AND c = 'x'");
  CHECK(written("a = $1", {std::nullopt}) == "a = NULL");
  CHECK(written("$1 $10", {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}) == "'a' 'j'");
}

TEST_CASE("what looks like a placeholder in a name or a text stays", "[literal_text]") {
  CHECK(written(R"(x."a$1" = $1 AND y = '$1' AND z = 'it''s $1')", {"v"}) ==
        R"(x."a$1" = 'v' AND y = '$1' AND z = 'it''s $1')");
  CHECK(written(R"(x."q""$1" = $1)", {"v"}) == R"(x."q""$1" = 'v')");
  CHECK(written("a = $3", {"v"}) == "a = $3");
}

TEST_CASE("a value cannot leave its quotes", "[literal_text]") {
  CHECK(written("a = $1", {"'; DROP TABLE t; --"}) == "a = '''; DROP TABLE t; --'");
  CHECK(written("a = $1", {R"(\'; DROP)"}) == R"(a = E'\\''; DROP')");
  CHECK(written("a = $1", {"$1"}) == "a = '$1'");
}

TEST_CASE("the script can only read", "[literal_text]") {
  BuiltStatement built;
  built.sql = "SELECT 1";
  const std::string script = read_only_script(built);
  CHECK(script.find("BEGIN TRANSACTION READ ONLY;\n") == 0);
  CHECK(script.find("SELECT 1;\nCOMMIT;\n") != std::string::npos);
}

}  // namespace
}  // namespace lethe::db
