#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace lethe::db {

struct SessionOptions {
  std::string connection;        ///< libpq string or URI; "" takes libpq's PG* variables
  std::string application_name;  ///< shown in pg_stat_activity, e.g. "lethe-worker/17"
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds lock_timeout{2'000};
  std::chrono::milliseconds idle_timeout{15'000};  ///< idle_in_transaction_session_timeout
};

/// One database connection, used by one thread. Errors: StoreError, and nothing of libpqxx.
///
/// Connects at the first use. A connection that broke is thrown away and the next use opens a new
/// one, so the caller sees exactly one connection_lost per break. Nothing is ever kept in a
/// session: every setting and lock belongs to a transaction (see transact.hpp), so that a
/// connection pooler in between does no harm.
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
  std::unique_ptr<Impl> impl_;
};

}  // namespace lethe::db
