#include "tests/support/test_database.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>

#include "common/db/migrator.hpp"
#include "common/db/pg_inspector.hpp"

namespace lethe::test {

namespace {

std::string usual_server() {
  const char* value = std::getenv("LETHE_TEST_DATABASE");
  if (value == nullptr)
    throw std::runtime_error("set LETHE_TEST_DATABASE, or run: tests/run (see CONTRIBUTING.md)");
  return value;
}

std::string fresh_name() {
  static std::atomic<int> count = 0;
  return "lethe_test_" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

/// CREATE and DROP DATABASE do not run in a transaction.
void on_server(const std::string& server, const std::string& sql) {
  pqxx::connection connection(server);
  pqxx::nontransaction work(connection);
  work.exec(sql);
}

}  // namespace

TestDatabase::TestDatabase(bool installed, std::string server)
    : server_(server.empty() ? usual_server() : std::move(server)), name_(fresh_name()) {
  on_server(server_, "CREATE DATABASE " + name_);
  url_ = server_ + " dbname=" + name_;
  if (installed) {
    db::Session session({.connection = url_, .application_name = "lethe-test"});
    db::Migrator(session).up();
    db::target_migrator(session).up();
  }
  connection_ = std::make_unique<pqxx::connection>(url_);
}

TestDatabase::~TestDatabase() {
  try {
    if (on_violation != nullptr && !broken_on_purpose_) look_at_invariants();
    connection_.reset();
    on_server(server_, "DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {
    // The private server goes away with its databases; a throwing destructor would hide the
    // failure.
    return;
  }
}

void TestDatabase::look_at_invariants() {
  pqxx::connection fresh(url_);  // the test may have left its own in any state
  const auto has = [&](const char* name) {
    pqxx::nontransaction work(fresh);
    return !work.exec(std::string("SELECT to_regclass('") + name + "')").at(0).at(0).is_null();
  };
  if (!has("lethe.items") || !has("lethe.lane_heads")) return;  // none, or an old one
  db::Session session(db::control_session(url_, "lethe-test"));
  for (const auto& violation : db::PgInspector(session).invariants())
    on_violation(violation.rule + " " + violation.object + ": " + violation.detail);
}

pqxx::result TestDatabase::execute(const std::string& sql) {
  pqxx::work work(*connection_);
  auto result = work.exec(sql);
  work.commit();
  return result;
}

void TestDatabase::execute_alone(const std::string& sql) {
  pqxx::nontransaction work(*connection_);
  work.exec(sql);
}

std::int64_t TestDatabase::number(const std::string& sql) {
  const auto field = execute(sql).at(0).at(0);
  return field.is_null() ? 0 : field.as<std::int64_t>();
}

std::string TestDatabase::text(const std::string& sql) {
  const auto field = execute(sql).at(0).at(0);
  return field.is_null() ? std::string() : field.as<std::string>();
}

OtherSession::OtherSession(const std::string& url)
    : connection_(url), work_(std::make_unique<pqxx::work>(connection_)) {
  pid_ = connection_.backendpid();
}

pqxx::result OtherSession::execute(const std::string& sql) { return work_->exec(sql); }

void OtherSession::commit() {
  work_->commit();
  work_.reset();
}

namespace {

constexpr const char* some_session =
    "EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND ";

}  // namespace

bool becomes_true(TestDatabase& database, const std::string& condition) {
  for (int turn = 0; turn < 1000; ++turn) {
    if (database.text("SELECT (" + condition + ")::text") == "true") return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

bool is_reported(TestDatabase& database, const std::string& condition) {
  if (statistics_are_instant(database)) database.execute("SELECT pg_stat_force_next_flush()");
  return becomes_true(database, condition);
}

bool statistics_are_instant(TestDatabase& database) {
  return database.number("SHOW server_version_num") >= 150'000;
}

bool somebody_waits(TestDatabase& database) {
  return becomes_true(database, std::string(some_session) + "wait_event_type = 'Lock')");
}

bool autovacuum_is_away(TestDatabase& database) {
  return becomes_true(database,
                      std::string("NOT ") + some_session + "backend_type = 'autovacuum worker')");
}

}  // namespace lethe::test
