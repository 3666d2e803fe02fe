// What a session promises about settings, single statements and failures, without a pooler.

#include "common/db/session.hpp"

#include <fmt/format.h>

#include <map>
#include <string>

#include "common/db/transact.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_database.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using db::Params;
using db::Query;
using db::Session;
using db::Transaction;
using test::TestDatabase;

#if defined(__SANITIZE_ADDRESS__)
// libpqxx 6 forgets to free the answer with which a server ends the session.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "leak:pqxx::connection_base::exec_p";
}
#endif

namespace {

using Settings = std::map<std::string, std::string>;

constexpr Query all_settings{
    "test_all_settings",
    "SELECT s.name, pg_catalog.current_setting(s.name) AS value FROM pg_catalog.unnest("
    "'{search_path,TimeZone,DateStyle,IntervalStyle,bytea_output,row_security,statement_timeout,"
    "lock_timeout,idle_in_transaction_session_timeout,plan_cache_mode,enable_seqscan,"
    "enable_bitmapscan,transaction_isolation,transaction_read_only}'::text[]) AS s(name)"};
constexpr Query insert{"test_insert", "INSERT INTO public.t VALUES ($1) RETURNING id"};
constexpr Query pid{"test_pid", "SELECT pg_catalog.pg_backend_pid() AS pid"};
constexpr Query end_session{"test_end_session",
                            "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())"};

const Settings expected{{"search_path", "pg_catalog, pg_temp"},
                        {"TimeZone", "UTC"},
                        {"DateStyle", "ISO, YMD"},
                        {"IntervalStyle", "postgres"},
                        {"bytea_output", "hex"},
                        {"row_security", "off"},
                        {"statement_timeout", "7s"},
                        {"lock_timeout", "3s"},
                        {"idle_in_transaction_session_timeout", "11s"},
                        {"plan_cache_mode", "force_generic_plan"},
                        {"enable_seqscan", "off"},
                        {"enable_bitmapscan", "off"},
                        {"transaction_isolation", "read committed"},
                        {"transaction_read_only", "off"}};

/// A database whose defaults are not what our SQL expects, with a table t(id).
class OddDatabase {
 public:
  OddDatabase() {
    database_.execute("CREATE TABLE public.t (id int PRIMARY KEY)");
    const std::string name = database_.text("SELECT current_database()");
    for (const char* setting :
         {"search_path = public", "TimeZone = 'Asia/Tokyo'", "DateStyle = 'German'",
          "IntervalStyle = 'iso_8601'", "bytea_output = 'escape'", "row_security = on",
          "statement_timeout = '1h'", "lock_timeout = '1h'",
          "idle_in_transaction_session_timeout = '1h'", "plan_cache_mode = force_custom_plan",
          "default_transaction_isolation = 'serializable'", "default_transaction_read_only = on"})
      database_.execute(fmt::format("ALTER DATABASE {} SET {}", name, setting));
  }

  TestDatabase& database() { return database_; }
  db::SessionOptions options(db::SettingsScope scope) const {
    db::SessionOptions options;
    options.connection = database_.url();
    options.application_name = "lethe-test";
    options.statement_timeout = 7s;
    options.lock_timeout = 3s;
    options.idle_timeout = 11s;
    options.settings = scope;
    options.generic_plans = true;
    return options;
  }

 private:
  TestDatabase database_{false};
};

Settings read_settings(const pqxx::result& rows) {
  Settings settings;
  for (const auto& row : rows) settings[db::text(row, "name")] = db::text(row, "value");
  return settings;
}

Settings settings_in_transaction(Session& session) {
  return transact(session, "settings", [](Transaction& transaction) {
    return read_settings(transaction.exec(all_settings));
  });
}

int backend(Session& session) {
  return db::number<int>(run_once(session, "pid", pid).at(0), "pid");
}

/// How `call` fails; fails the test when it does not.
template <class Call>
Failure failure_of(Call&& call) {
  try {
    call();
  } catch (const StoreError& error) {
    return error.failure();
  }
  FAIL("it did not fail");
  return Failure::rejected;
}

}  // namespace

TEST_CASE("a session knows when no pooler is in between", "[session]") {
  OddDatabase odd;
  Session session(odd.options(db::SettingsScope::session));
  CHECK_FALSE(session.impl().pooled);
  CHECK(session.impl().has_settings);
}

TEST_CASE("our settings hold in every transaction whatever the database's defaults are",
          "[session]") {
  OddDatabase odd;
  for (const auto scope : {db::SettingsScope::session, db::SettingsScope::transaction}) {
    Session session(odd.options(scope));
    CHECK(settings_in_transaction(session) == expected);
    CHECK(settings_in_transaction(session) == expected);
    CHECK(read_settings(run_once(session, "settings", all_settings)) == expected);
    session.discard();
    CHECK(read_settings(run_once(session, "settings", all_settings)) == expected);
  }
}

TEST_CASE("what foreign code sets in a target ends with its transaction", "[session]") {
  OddDatabase odd;
  Session session(odd.options(db::SettingsScope::transaction));
  transact(session, "foreign", [](Transaction& transaction) {
    transaction.exec_text("SET search_path = public; SET statement_timeout = 0");
  });
  CHECK(settings_in_transaction(session) == expected);
}

TEST_CASE("what one transaction wants otherwise ends with it", "[session]") {
  OddDatabase odd;
  Session session(odd.options(db::SettingsScope::session));
  const auto inside = transact(
      session, "otherwise",
      [](Transaction& transaction) { return read_settings(transaction.exec(all_settings)); },
      "SET LOCAL statement_timeout = 0");
  CHECK(inside.at("statement_timeout") == "0");
  CHECK(settings_in_transaction(session) == expected);
}

TEST_CASE("a statement of its own is committed and nothing else is sent", "[session]") {
  OddDatabase odd;
  Session session(odd.options(db::SettingsScope::session));
  CHECK(run_once(session, "insert", insert, Params::of(1)).size() == 1);
  CHECK(odd.database().number("SELECT count(*) FROM public.t") == 1);
  const std::string last =
      fmt::format("SELECT query FROM pg_stat_activity WHERE pid = {} AND state = 'idle'",
                  session.impl().connection.backendpid());
  CHECK(odd.database().text(last) == insert.sql);
}

TEST_CASE("a statement that fails leaves the session as it was", "[session]") {
  OddDatabase odd;
  for (const auto scope : {db::SettingsScope::session, db::SettingsScope::transaction}) {
    Session session(odd.options(scope));
    odd.database().execute("TRUNCATE public.t");
    const int before = backend(session);
    run_once(session, "insert", insert, Params::of(1));
    const auto again = [&] { run_once(session, "insert", insert, Params::of(1)); };
    CHECK(failure_of(again) == Failure::rejected);
    const Query broken{"test_broken", "SELECT no_such_column"};
    CHECK(failure_of([&] { run_once(session, "broken", broken); }) == Failure::rejected);
    CHECK(failure_of([&] { run_once(session, "broken", broken); }) == Failure::rejected);
    run_once(session, "insert", insert, Params::of(2));
    CHECK(backend(session) == before);
    CHECK(odd.database().number("SELECT count(*) FROM public.t") == 2);
  }
}

TEST_CASE("a connection that breaks under a single statement is unknown only if it may write",
          "[session]") {
  OddDatabase odd;
  Session session(odd.options(db::SettingsScope::session));
  CHECK(failure_of([&] { run_once(session, "end", end_session); }) == Failure::commit_unknown);
  CHECK_FALSE(session.connected());
  CHECK(failure_of([&] { run_once(session, "end", end_session, {}, db::Effect::reads); }) ==
        Failure::connection_lost);
  CHECK_FALSE(session.connected());
  CHECK(read_settings(run_once(session, "settings", all_settings)) == expected);
}

TEST_CASE("a connection that broke before a single statement was sent is lost and not unknown",
          "[session]") {
  OddDatabase odd;
  auto options = odd.options(db::SettingsScope::session);
  options.connection += " dbname=no_such_database";
  Session session(options);
  CHECK(failure_of([&] { run_once(session, "insert", insert, Params::of(1)); }) ==
        Failure::connection_lost);
}

TEST_CASE("a transaction that could not begin leaves the session fit for use", "[session]") {
  OddDatabase odd;
  for (const auto scope : {db::SettingsScope::session, db::SettingsScope::transaction}) {
    Session session(odd.options(scope));
    const int before = backend(session);
    const auto bad = [&] {
      transact(
          session, "bad", [](Transaction&) {}, "SET LOCAL no_such_setting = 1");
    };
    CHECK(failure_of(bad) == Failure::rejected);
    CHECK(settings_in_transaction(session) == expected);
    CHECK(backend(session) == before);
  }
}
