#include "common/db/migrator.hpp"

#include <future>

#include "common/db/session.hpp"
#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_database.hpp"

using namespace lethe;

namespace {

std::size_t migrate(const std::string& url) {
  db::Session session({.connection = url, .application_name = "lethe-test"});
  return db::Migrator(session).up().size();
}

}  // namespace

TEST_CASE("an empty database is refused with the command to run until it is migrated",
          "[migrator]") {
  test::TestDatabase database(false);
  db::Session session({.connection = database.url(), .application_name = "lethe-test"});
  db::Migrator migrator(session);
  CHECK_THROWS_WITH(migrator.require_known(), test::contains("lethe migrate up"));
  CHECK(database.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'lethe'") == 0);
  CHECK(migrator.pending_sql().find("CREATE TABLE lethe.items") != std::string::npos);
  CHECK(!migrator.up().empty());
  CHECK_NOTHROW(migrator.require_known());
  CHECK(migrator.up().empty());
  CHECK(migrator.pending_sql().empty());
}

TEST_CASE("two processes that migrate at once apply each migration once", "[migrator][race]") {
  test::TestDatabase database(false);
  auto one = std::async(std::launch::async, migrate, database.url());
  auto two = std::async(std::launch::async, migrate, database.url());
  const std::size_t applied = one.get() + two.get();
  CHECK(applied ==
        static_cast<std::size_t>(database.number("SELECT count(*) FROM lethe.migrations")));
  CHECK(applied >= 1);
}

TEST_CASE("a schema newer than the program is refused with both versions", "[migrator]") {
  test::TestDatabase database;
  database.execute("INSERT INTO lethe.migrations (version, name) VALUES (9999, 'from_the_future')");
  db::Session session({.connection = database.url(), .application_name = "lethe-test"});
  CHECK_THROWS_WITH(db::Migrator(session).require_known(), test::contains("9999"));
}

TEST_CASE("a newer schema that breaks nothing is one to work with", "[migrator]") {
  test::TestDatabase database;
  database.execute(
      "INSERT INTO lethe.migrations (version, name, breaking) VALUES (9999, 'more', false)");
  db::Session session({.connection = database.url(), .application_name = "lethe-test"});
  CHECK_NOTHROW(db::Migrator(session).require_known());
  database.execute("INSERT INTO lethe.migrations (version, name) VALUES (9998, 'unknown')");
  CHECK_THROWS_WITH(db::Migrator(session).require_known(), test::contains("install the newer"));
}

TEST_CASE("a list of migrations from before it said what breaks is read and completed",
          "[migrator]") {
  test::TestDatabase database;
  database.execute("ALTER TABLE lethe.migrations DROP COLUMN breaking");
  db::Session session({.connection = database.url(), .application_name = "lethe-test"});
  db::Migrator migrator(session);
  CHECK_NOTHROW(migrator.require_known());
  CHECK(migrator.up().empty());
  CHECK(database.number("SELECT count(*) FROM lethe.migrations WHERE NOT breaking") == 0);
}

TEST_CASE("the SQL that migrate prints makes the same schema as migrate up", "[migrator]") {
  test::TestDatabase database(false);
  db::Session session({.connection = database.url(), .application_name = "lethe-test"});
  db::Migrator migrator(session);
  pqxx::connection plain(database.url());
  pqxx::nontransaction work(plain);
  work.exec(migrator.pending_sql());
  CHECK_NOTHROW(migrator.require_known());
}
