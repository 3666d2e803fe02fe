#pragma once

// Private to common/db (tests/tidy/check.sh sees to it): here libpqxx is visible.

#include <pqxx/pqxx>
#include <string>
#include <unordered_set>

#include "common/db/params.hpp"
#include "common/db/query.hpp"
#include "common/db/session.hpp"
#include "common/store_error.hpp"

namespace lethe::db {

struct Session::Impl {
  explicit Impl(const std::string& connection_string);

  pqxx::connection connection;
#if PQXX_VERSION_MAJOR == 6
  pqxx::quiet_errorhandler quiet;  // notices would go to standard error
#endif
  std::unordered_set<std::string> prepared;
};

/// An open transaction. Lives only inside transact(); runs statements one after the other.
class Transaction {
 public:
  /// BEGINs with every setting that our SQL relies on, so that no role, database or pooler default
  /// can change its meaning. `extra` is more SET LOCAL text, "" for none.
  Transaction(Session& session, const std::string& extra);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Runs a statement of common/db/sql, prepared on first use.
  pqxx::result exec(const Query& query, const Params& params = {});
  /// Runs a statement that was built at run time; planned anew each time with its values.
  pqxx::result exec_built(const std::string& sql, const Params& params = {});
  /// Runs text without parameters as it is; several statements may be joined by ";".
  pqxx::result exec_text(const std::string& sql);
  void commit();

 private:
  Session& session_;
  pqxx::nontransaction work_;
  bool open_ = false;
};

/// Turns the libpqxx exception in flight into a StoreError, and discards a session that broke.
[[noreturn]] void rethrow_as_store_error(Session& session, std::string_view transaction);

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
