#pragma once

// Private to common/db (tests/tidy/check.sh sees to it): here libpqxx is visible.

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <unordered_set>

#include "common/db/params.hpp"
#include "common/db/query.hpp"
#include "common/db/session.hpp"
#include "common/store_error.hpp"

namespace lethe::db {

struct Session::Impl {
  /// Connects, looks for a pooler, and sets what the options want set for the whole session. Throws
  /// what libpqxx throws, and StoreError (rejected) for a connection string that cannot be read.
  explicit Impl(const SessionOptions& options);

  pqxx::connection connection;
#if PQXX_VERSION_MAJOR == 6
  pqxx::quiet_errorhandler quiet;  // notices would go to standard error
#endif
  /// The next transaction may meet another server session. Also true when nobody can tell.
  bool pooled = true;
  /// The settings of the options hold for the whole session: BEGIN need not bring them.
  bool has_settings = false;
  std::unordered_set<std::string> prepared;  ///< stays empty when pooled
};

/// An open transaction. Lives only inside transact(); runs statements one after the other.
class Transaction {
 public:
  /// BEGINs, with every setting that our SQL relies on unless the session has them, so that no
  /// role, database or pooler default can change its meaning. `extra` is more SET LOCAL text, ""
  /// for none.
  Transaction(Session& session, const std::string& extra);
  /// Rolls back unless committed; a session that does not obey is discarded.
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Runs a statement of common/db/sql. Prepared on first use; behind a pooler sent as text each
  /// time, because the next transaction meets another server session.
  pqxx::result exec(const Query& query, const Params& params = {});
  /// Runs a statement that was built at run time; planned anew each time, with its values unless
  /// the session wants generic plans.
  pqxx::result exec_built(const std::string& sql, const Params& params = {});
  /// Runs text without parameters as it is; several statements may be joined by ";".
  pqxx::result exec_text(const std::string& sql);
  void commit();

  /// Of the server behind a pooler, if there is one; e.g. 150018.
  [[nodiscard]] std::int32_t server_version() const;

 private:
  explicit Transaction(Session& session);

  Session& session_;
  std::optional<pqxx::nontransaction> work_;  // libpqxx's own transactions cannot send our BEGIN
  bool open_ = false;
};

/// What the server said, without its word ERROR and all that follows: "ERROR:  relation "x" does
/// not exist\nLINE 1: …" becomes "relation "x" does not exist".
[[nodiscard]] std::string first_line(std::string_view message);

/// Turns the libpqxx exception in flight into a StoreError, and discards a session that broke.
/// `broken` is what a connection that broke means for the caller.
[[noreturn]] void rethrow_as_store_error(Session& session, std::string_view transaction,
                                         Failure broken = Failure::connection_lost);

/// Runs `body(Transaction&)` in one READ COMMITTED transaction and commits; rolls back on any
/// exception. Errors: StoreError for whatever libpqxx throws; the body's own exceptions unchanged.
template <class Body>
auto transact(Session& session, std::string_view name, Body&& body, const std::string& extra = "") {
  try {
    Transaction transaction(session, extra);
    if constexpr (std::is_void_v<decltype(body(transaction))>) {
      body(transaction);
      transaction.commit();
    } else {
      auto result = body(transaction);
      transaction.commit();
      return result;
    }
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception&) {
    rethrow_as_store_error(session, name);
  }
}

/// What a single statement does, and so what a connection that broke while it ran means.
enum class Effect {
  writes,  ///< commit_unknown: it may have been committed; read before deciding
  reads,   ///< connection_lost: it may be repeated
};

/// Runs one statement of common/db/sql as a transaction of its own; `name` is the transaction's in
/// errors. One round trip to the server when the session keeps its settings (SettingsScope::session
/// and no pooler), else those of transact(). The statement must not take for granted that a second
/// one joins it: deferred constraints are checked and locks are gone when this returns. Only for
/// the thread that owns the session, and not inside of transact() on the same session. Errors:
/// StoreError; the session is fit for use after each.
pqxx::result run_once(Session& session, std::string_view name, const Query& query,
                      const Params& params = {}, Effect effect = Effect::writes);

/// Runs one statement as it is outside of any transaction block, which some ask for. Only on a
/// session that keeps its settings: StoreError (rejected) behind a pooler. Same rules as
/// run_once().
void run_outside(Session& session, std::string_view name, const std::string& sql);

/// The column as text, "" for NULL.
[[nodiscard]] inline std::string text(const pqxx::row& row, const char* column) {
  const auto field = row[column];
  return field.is_null() ? std::string() : std::string(field.c_str(), field.size());
}

/// The column as a number; throws when it is NULL.
template <class T = std::int64_t>
[[nodiscard]] T number(const pqxx::row& row, const char* column) {
  return row[column].template as<T>();
}

[[nodiscard]] inline bool flag(const pqxx::row& row, const char* column) {
  return row[column].template as<bool>();
}

template <class T>
[[nodiscard]] std::optional<T> maybe(const pqxx::row& row, const char* column) {
  const auto field = row[column];
  if (field.is_null()) return std::nullopt;
  return field.template as<T>();
}

}  // namespace lethe::db
