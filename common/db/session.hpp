#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace lethe::db {

/// For how long a session's settings (time zone, search_path, timeouts, ...) hold.
enum class SettingsScope {
  transaction,  ///< each BEGIN brings them: for databases where foreign code, such as a trigger,
                ///< runs
  session,      ///< set once when connecting: only where all SQL is ours, so the control database
};

struct SessionOptions {
  std::string connection;        ///< libpq string or URI; "" takes libpq's PG* variables
  std::string application_name;  ///< shown in pg_stat_activity, e.g. "lethe-worker/17"
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds lock_timeout{2'000};
  std::chrono::milliseconds idle_timeout{15'000};  ///< idle_in_transaction_session_timeout
  /// Behind a connection pooler always by transaction, whatever is said here.
  SettingsScope settings = SettingsScope::transaction;
  bool generic_plans = false;  ///< one plan per statement for all values of its parameters
};

/// How everybody connects to the control database, where all SQL is ours.
[[nodiscard]] inline SessionOptions control_session(std::string connection,
                                                    std::string application_name) {
  SessionOptions options;
  options.connection = std::move(connection);
  options.application_name = std::move(application_name);
  options.settings = SettingsScope::session;
  options.generic_plans = true;
  return options;
}

/// How the leader's duties connect: nothing in their transactions waits for anything but the
/// database. A leader that is stopped in the middle of one keeps its row of lethe.leader locked no
/// longer than the statement in flight and this timeout take, which is less than its term.
[[nodiscard]] inline SessionOptions leader_session(std::string connection,
                                                   std::string application_name) {
  SessionOptions options = control_session(std::move(connection), std::move(application_name));
  options.idle_timeout = std::chrono::seconds(3);
  return options;
}

/// One database connection, used by one thread. Errors: StoreError, and nothing of libpqxx.
///
/// Connects at the first use. A connection that broke is thrown away and the next use opens a new
/// one, so the caller sees exactly one connection_lost per break. Locks always belong to a
/// transaction (see transact.hpp). Whether a connection pooler is in between is found out when
/// connecting; behind one nothing at all is kept in a session: no settings, no prepared statements
/// (docs/adr/0011).
class Session {
 public:
  explicit Session(SessionOptions options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  struct Impl;  // known to common/db only: keeps libpqxx out of every other translation unit
  [[nodiscard]] Impl& impl();
  void discard() noexcept;
  [[nodiscard]] bool connected() const noexcept { return impl_ != nullptr; }
  [[nodiscard]] const SessionOptions& options() const noexcept { return options_; }

  /// Asks the server to cancel what this session runs. The one call that another thread may make;
  /// does nothing when there is no connection. Never throws.
  void cancel() noexcept;

 private:
  SessionOptions options_;
  std::unique_ptr<Impl> impl_;  // changed by the owner under replacing_, read by cancel() under it
  std::mutex replacing_;
};

}  // namespace lethe::db
