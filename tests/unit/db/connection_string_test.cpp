#include "common/db/connection_string.hpp"

#include "common/store_error.hpp"
#include "common/user_error.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a connection string that libpq misreads is refused without a word of it",
          "[connection_string]") {
  for (const char* connection :
       {"postgresql://lethe:100%sure@db/x", "host=db password=my sure", "password='sure",
        "postgresql://lethe:my@sure@db/x", "postgresql://lethe:my/sure@db/x",
        "postgres://lethe:sure/x", "postgresql://lethe:my?@sure@db/x",
        "postgresql://lethe:1?sure/@db/x", "port=sure"}) {
    INFO(connection);
    try {
      db::check_control_connection(connection);
      FAIL("accepted");
    } catch (const UserError& error) {
      CHECK(error.code() == ExitCode::bad_config);
      CHECK(contains(error.what(), "database (LETHE_DATABASE_URL): "));
      CHECK_FALSE(contains(error.what(), "sure"));
    }
  }
}

TEST_CASE("a connection string may hold a password that is written as libpq wants it",
          "[connection_string]") {
  for (const char* connection :
       {"", "postgresql://lethe:100%25sure@db/x", "host=db password='my @ secret/'",
        "host=db password=a@b/c", "postgresql://lethe:a%40b%2Fc@h1:1,h2:2/x?application_name=a@b",
        "postgresql:///x?host=/run/postgresql&password=a@b/c", "service=lethe",
        "postgresql://lethe@[::1]:5432/x", "postgresql://lethe:my?:sure@db/x"}) {
    INFO(connection);
    CHECK_NOTHROW(db::check_control_connection(connection));
    CHECK_NOTHROW(static_cast<void>(db::with_defaults(connection, "x")));
  }
}

TEST_CASE("whoever connects by a damaged connection string is told nothing of it",
          "[connection_string]") {
  try {
    static_cast<void>(db::with_defaults("postgresql://lethe:100%sure@db/x", "x"));
    FAIL("accepted");
  } catch (const StoreError& error) {
    CHECK(error.failure() == Failure::rejected);
    CHECK_FALSE(contains(error.what(), "sure"));
  }
}
