#include "common/db/session.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include "common/db/connection_string.hpp"
#include "common/db/sqlstate.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

namespace {

/// Everything that SQL of ours relies on. SET LOCAL and not connection options, so that it also
/// holds behind a transaction pooler.
std::string begin_text(const SessionOptions& options, const std::string& extra) {
  return fmt::format(
      "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
      "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL TimeZone = 'UTC';"
      "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres';"
      "SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off;"
      "SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {};"
      "SET LOCAL idle_in_transaction_session_timeout = {};{}",
      options.statement_timeout.count(), options.lock_timeout.count(), options.idle_timeout.count(),
      extra);
}

/// "ERROR:  relation "x" does not exist\nLINE 1: …" becomes "relation "x" does not exist".
std::string first_line(std::string_view message) {
  for (const std::string_view prefix : {"ERROR:", "FATAL:", "PANIC:"}) {
    const auto at = message.find(prefix);
    if (at != std::string_view::npos) message.remove_prefix(at + prefix.size());
  }
  const auto start = message.find_first_not_of(" \n");
  if (start == std::string_view::npos) return "no message";
  message.remove_prefix(start);
  return std::string(message.substr(0, message.find('\n')));
}

}  // namespace

#if PQXX_VERSION_MAJOR == 6
Session::Impl::Impl(const std::string& connection_string)
    : connection(connection_string), quiet(connection) {
  // libpqxx 6 would reopen a broken connection by itself; discard() is our only way to do that.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}
#else
Session::Impl::Impl(const std::string& connection_string) : connection(connection_string) {
  connection.set_notice_handler([](pqxx::zview) noexcept {});
}
#endif

Session::Session(SessionOptions options) : options_(std::move(options)) {}

Session::~Session() = default;

Session::Impl& Session::impl() {
  if (impl_ == nullptr)
    impl_ = std::make_unique<Impl>(with_defaults(options_.connection, options_.application_name));
  return *impl_;
}

void Session::discard() noexcept { impl_.reset(); }

void Session::cancel() noexcept {
  if (impl_ == nullptr) return;
  try {
    impl_->connection.cancel_query();
  } catch (const std::exception&) {
    // The server is gone or the query has ended: there is nothing left to cancel.
    return;
  }
}

Transaction::Transaction(Session& session, const std::string& extra)
    : session_(session), work_(session.impl().connection) {
  exec_text(begin_text(session.options(), extra));
  open_ = true;
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    exec_text("ROLLBACK");
  } catch (const std::exception&) {
    // The connection is broken, so the server rolls back by itself; the session is of no more use.
    // It is discarded by rethrow_as_store_error, which handles the exception in flight.
    open_ = false;
  }
}

pqxx::result Transaction::exec(const Query& query, const Params& params) {
  auto& impl = session_.impl();
  const std::string name(query.name);
  if (!impl.prepared.contains(name)) {
    impl.connection.prepare(name, std::string(query.sql));
    impl.prepared.insert(name);
  }
#if PQXX_VERSION_MAJOR == 6
  std::vector<const char*> values;
  for (const auto& value : params.values()) values.push_back(value ? value->c_str() : nullptr);
  return work_.exec_prepared(name, pqxx::prepare::make_dynamic_params(values));
#else
  pqxx::params values;
  for (const auto& value : params.values()) values.append(value);
  return work_.exec(pqxx::prepped{name}, values);
#endif
}

pqxx::result Transaction::exec_built(const std::string& sql, const Params& params) {
#if PQXX_VERSION_MAJOR == 6
  std::vector<const char*> values;
  for (const auto& value : params.values()) values.push_back(value ? value->c_str() : nullptr);
  return work_.exec_params(sql, pqxx::prepare::make_dynamic_params(values));
#else
  pqxx::params values;
  for (const auto& value : params.values()) values.append(value);
  return work_.exec(sql, values);
#endif
}

pqxx::result Transaction::exec_text(const std::string& sql) { return work_.exec(sql); }

void Transaction::commit() {
  open_ = false;
  try {
    exec_text("COMMIT");
  } catch (const pqxx::broken_connection& e) {
    session_.discard();
    throw StoreError(Failure::commit_unknown, "commit", "", first_line(e.what()));
  }
}

void rethrow_as_store_error(Session& session, std::string_view transaction) {
  const std::string name(transaction);
  const auto rejected = [&](const char* state, const std::exception& e) {
    return StoreError(classify(state), name, state, first_line(e.what()));
  };
  try {
    throw;
  } catch (const pqxx::in_doubt_error& e) {
    session.discard();
    throw StoreError(Failure::commit_unknown, name, "", first_line(e.what()));
  } catch (const pqxx::broken_connection& e) {
    session.discard();
    throw StoreError(Failure::connection_lost, name, "", first_line(e.what()));
  } catch (const pqxx::serialization_failure& e) {
    throw rejected("40001", e);
  } catch (const pqxx::deadlock_detected& e) {
    throw rejected("40P01", e);
  } catch (const pqxx::insufficient_privilege& e) {
    throw rejected("42501", e);
  } catch (const pqxx::sql_error& e) {
    const std::string& state = e.sqlstate();
    const Failure failure = state.empty() ? Failure::connection_lost : classify(state);
    if (failure == Failure::connection_lost) session.discard();
    throw StoreError(failure, name, state, first_line(e.what()));
  } catch (const pqxx::failure& e) {
    session.discard();
    throw StoreError(Failure::connection_lost, name, "", first_line(e.what()));
  }
}

}  // namespace lethe::db
