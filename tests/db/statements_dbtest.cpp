#include "common/db/queries.gen.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_database.hpp"

using namespace lethe;

TEST_CASE("every embedded statement fits the migrated schemas", "[statements]") {
  test::TestDatabase database;
  for (const db::Query* query : db::queries::all) {
    INFO(query->name);
    CHECK_NOTHROW(database.execute("SET LOCAL search_path = pg_catalog, pg_temp; PREPARE s AS " +
                                   std::string(query->sql) + "; DEALLOCATE s"));
  }
  CHECK(db::queries::all.size() > 50);
}
