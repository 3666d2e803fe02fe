// Sessions behind a real PgBouncer: many clients take turns on two server connections, so whatever
// one of them left behind would meet another.

#include <fmt/format.h>

#include <deque>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/db/session.hpp"
#include "common/db/transact.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/pgbouncer.hpp"
#include "tests/support/test_database.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using db::Params;
using db::Query;
using db::Session;
using db::Transaction;
using test::PgBouncer;
using test::PoolMode;
using test::TestDatabase;

namespace {

constexpr int sessions_max = 8;

constexpr Query settings{
    "test_settings",
    "SELECT pg_catalog.concat_ws('|', pg_catalog.current_setting('search_path'), "
    "pg_catalog.current_setting('TimeZone'), pg_catalog.current_setting('row_security'), "
    "pg_catalog.current_setting('bytea_output'), pg_catalog.current_setting('lock_timeout'), "
    "pg_catalog.current_setting('statement_timeout'), "
    "pg_catalog.current_setting('plan_cache_mode')) AS said, pg_catalog.pg_backend_pid() AS pid"};
constexpr Query insert{"test_insert", "INSERT INTO public.t VALUES ($1)"};
constexpr Query wait{"test_wait", "SELECT pg_catalog.pg_sleep(30)"};

/// A database whose defaults differ from our settings, with a table t(id).
class PooledDatabase {
 public:
  explicit PooledDatabase(PoolMode mode = PoolMode::transaction) : pooler_(mode) {
    const std::string name = database_.text("SELECT current_database()");
    for (const char* setting :
         {"search_path = public", "TimeZone = 'Asia/Tokyo'", "bytea_output = 'escape'",
          "lock_timeout = '1h'", "statement_timeout = '2h'"})
      database_.execute(fmt::format("ALTER DATABASE {} SET {}", name, setting));
    database_.execute("CREATE TABLE public.t (id int PRIMARY KEY)");
    url_ = pooler_.url(database_.url());
  }

  TestDatabase& database() { return database_; }
  const std::string& url() const { return url_; }
  /// Each with a statement timeout of its own, `seconds`.
  db::SessionOptions options(int seconds = 10) const {
    auto options = db::control_session(url_, "lethe-test");
    options.statement_timeout = std::chrono::seconds(seconds);
    return options;
  }

 private:
  PgBouncer pooler_;
  TestDatabase database_{false};
  std::string url_;
};

std::string ours(int seconds) {
  return fmt::format("pg_catalog, pg_temp|UTC|off|hex|2s|{}s|force_generic_plan", seconds);
}
constexpr const char* defaults = "public|Asia/Tokyo|on|escape|1h|2h|auto";

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

/// What a stranger finds on each server connection of the pool: its pid, settings and the number of
/// its prepared statements.
void require_untouched(const PooledDatabase& pooled, const std::set<int>& used) {
  std::deque<pqxx::connection> connections;
  std::deque<pqxx::work> open;  // all at once, so that each gets another server connection
  std::set<int> seen;
  for (int i = 0; i < PgBouncer::server_connections; ++i) {
    auto& connection = connections.emplace_back(pooled.url());
    const auto row = open.emplace_back(connection).exec(std::string(settings.sql)).at(0);
    CHECK(db::text(row, "said") == defaults);
    seen.insert(db::number<int>(row, "pid"));
    const auto prepared = open.back().exec("SELECT count(*) AS n FROM pg_prepared_statements");
    CHECK(db::number(prepared.at(0), "n") == 0);
  }
  CHECK(seen == used);
}

}  // namespace

TEST_CASE("a session behind a pooler knows it in every pool mode", "[pooler]") {
  for (const auto mode : {PoolMode::session, PoolMode::transaction, PoolMode::statement}) {
    PooledDatabase pooled(mode);
    Session session(pooled.options());
    CHECK(session.impl().pooled);
    CHECK_FALSE(session.impl().has_settings);
  }
}

TEST_CASE("sessions that share server connections have their own settings and leave nothing behind",
          "[pooler]") {
  PooledDatabase pooled;
  std::deque<Session> sessions;
  for (int i = 0; i < sessions_max; ++i) sessions.emplace_back(pooled.options(i + 1));
  std::set<int> used;
  const auto look = [&](Transaction& transaction, int i) {
    const auto row = transaction.exec(settings).at(0);
    CHECK(db::text(row, "said") == ours(i + 1));
    used.insert(db::number<int>(row, "pid"));
  };
  for (int round = 0; round < 3; ++round) {
    std::unique_ptr<Transaction> before;
    for (int i = 0; i < sessions_max; ++i) {
      // Two are open at any time and end in the order of their begin, so that a session meets now
      // one server connection and now the other.
      auto next = std::make_unique<Transaction>(sessions[static_cast<std::size_t>(i)], "");
      look(*next, i);
      if (before) look(*before, i - 1);
      if (before && i % 2 == 0) before->commit();
      before = std::move(next);
    }
  }
  CHECK(used.size() == PgBouncer::server_connections);
  require_untouched(pooled, used);
}

TEST_CASE("a single statement behind a pooler is a transaction with settings", "[pooler]") {
  PooledDatabase pooled;
  Session one(pooled.options(1));
  Session two(pooled.options(2));
  CHECK(db::text(run_once(one, "settings", settings).at(0), "said") == ours(1));
  CHECK(db::text(run_once(two, "settings", settings).at(0), "said") == ours(2));
  run_once(one, "insert", insert, Params::of(1));
  CHECK(failure_of([&] { run_once(two, "insert", insert, Params::of(1)); }) == Failure::rejected);
  run_once(two, "insert", insert, Params::of(2));
  CHECK(pooled.database().number("SELECT count(*) FROM public.t") == 2);
}

TEST_CASE("a cancel finds its way through a pooler and the session goes on", "[pooler]") {
  PooledDatabase pooled;
  Session session(pooled.options(25));
  auto& impl = session.impl();
  auto failure = std::async(std::launch::async,
                            [&] { return failure_of([&] { run_once(session, "wait", wait); }); });
  const auto waiting = [&] {
    return pooled.database().number(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = "
        "'PgSleep'");
  };
  for (int turn = 0; turn < 500 && waiting() == 0; ++turn) std::this_thread::sleep_for(10ms);
  REQUIRE(waiting() == 1);
  session.cancel();
  CHECK(failure.get() == Failure::timed_out);
  CHECK(&session.impl() == &impl);
  run_once(session, "insert", insert, Params::of(1));
}

TEST_CASE("a server connection that dies in a transaction is lost once and then replaced",
          "[pooler]") {
  PooledDatabase pooled;
  Session session(pooled.options());
  const auto insert_and_die = [&] {
    transact(session, "insert_and_die", [&](Transaction& transaction) {
      transaction.exec(insert, Params::of(1));
      pooled.database().execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
          "current_database() AND pid <> pg_backend_pid()");
      transaction.exec(insert, Params::of(2));
    });
  };
  CHECK(failure_of(insert_and_die) == Failure::connection_lost);
  run_once(session, "insert", insert, Params::of(3));
  CHECK(pooled.database().number("SELECT sum(id) FROM public.t") == 3);
}
