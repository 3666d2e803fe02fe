#pragma once

#include <cstdint>
#include <memory>
#include <pqxx/pqxx>
#include <string>

namespace lethe::test {

/// A database of its own on the server named by LETHE_TEST_DATABASE, with the control and the
/// target schema installed; dropped on destruction, so that tests may run side by side and in any
/// order. Not thread-safe; open further connections with url().
class TestDatabase {
 public:
  /// `installed`: with both schemas. Otherwise as createdb makes it. `server`: the connection
  /// string of another server, empty for the usual one.
  explicit TestDatabase(bool installed = true, std::string server = "");
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  /// A libpq connection string.
  [[nodiscard]] const std::string& url() const { return url_; }

  /// Runs SQL text as it is, in a transaction of its own.
  pqxx::result execute(const std::string& sql);
  /// Runs one statement outside of any transaction, as VACUUM wants it.
  void execute_alone(const std::string& sql);
  /// The first column of the first row as a number; 0 for NULL.
  std::int64_t number(const std::string& sql);
  /// The first column of the first row as text; "" for NULL.
  std::string text(const std::string& sql);

  /// The test breaks the control database on purpose: its invariants are not looked at afterwards.
  void expect_violations() { broken_on_purpose_ = true; }

  /// Told of each violation of the invariants of a control database when it goes away; nobody looks
  /// when it is null. Set by invariants_after_each_test.cpp.
  static inline void (*on_violation)(const std::string& violation) = nullptr;

 private:
  void look_at_invariants();

  bool broken_on_purpose_ = false;
  std::string server_;
  std::string name_;
  std::string url_;
  std::unique_ptr<pqxx::connection> connection_;
};

/// A second session that a test moves step by step, for races without sleeps. The transaction is
/// open from construction to commit() or destruction.
class OtherSession {
 public:
  explicit OtherSession(const std::string& url);
  pqxx::result execute(const std::string& sql);
  void commit();
  [[nodiscard]] int pid() const { return pid_; }

 private:
  pqxx::connection connection_;
  std::unique_ptr<pqxx::work> work_;
  int pid_ = 0;
};

/// Waits until a boolean expression holds, at most ten seconds. Returns false when it never did.
[[nodiscard]] bool becomes_true(TestDatabase& database, const std::string& condition);

/// The same for what statistics say of `database`'s own work, which the server reports late.
[[nodiscard]] bool is_reported(TestDatabase& database, const std::string& condition);

/// Before PostgreSQL 15 a process of its own collects statistics, and what they say of others' work
/// comes late.
[[nodiscard]] bool statistics_are_instant(TestDatabase& database);

/// Waits until some session of the database waits for a heavyweight lock, at most ten seconds.
/// Returns false when none did.
[[nodiscard]] bool somebody_waits(TestDatabase& database);

/// Waits until autovacuum does nothing in the database, at most ten seconds: what it looks at keeps
/// the dead rows of other tables from a VACUUM. Returns false when it does not end.
[[nodiscard]] bool autovacuum_is_away(TestDatabase& database);

}  // namespace lethe::test
