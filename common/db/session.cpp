#include "common/db/session.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include "common/db/connection_string.hpp"
#include "common/db/sqlstate.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

namespace {

/// Everything that SQL of ours relies on, by `set`: SET or SET LOCAL. Not connection options, which
/// poolers refuse or forget.
std::string settings_text(const SessionOptions& options, std::string_view set) {
  return fmt::format(
      "{0} search_path = pg_catalog, pg_temp;{0} TimeZone = 'UTC';"
      "{0} DateStyle = 'ISO, YMD';{0} IntervalStyle = 'postgres';"
      "{0} bytea_output = 'hex';{0} row_security = off;"
      "{0} statement_timeout = {1};{0} lock_timeout = {2};"
      "{0} idle_in_transaction_session_timeout = {3};{0} jit = off;"
      "{0} plan_cache_mode = {4};{0} enable_seqscan = {5};{0} enable_bitmapscan = {5};",
      set, options.statement_timeout.count(), options.lock_timeout.count(),
      options.idle_timeout.count(), options.generic_plans ? "force_generic_plan" : "auto",
      // A plan that was made for a table of one page must not read it all when it has grown, nor
      // must one that wants the first row of an index fetch all of them, dead ones too.
      options.generic_plans ? "off" : "on");
}

constexpr std::string_view transaction_modes = "ISOLATION LEVEL READ COMMITTED READ WRITE";

std::string begin_text(const Session::Impl& impl, const SessionOptions& options,
                       const std::string& extra) {
  return fmt::format("BEGIN {};{}{}", transaction_modes,
                     impl.has_settings ? "" : settings_text(options, "SET LOCAL"), extra);
}

/// A pooler invents the process id that it tells its clients. Zero: it told none.
bool is_pooled(pqxx::connection& connection) {
  pqxx::nontransaction work(connection);
  const auto asked = work.exec("SELECT pg_catalog.pg_backend_pid() AS pid");
  const int told = connection.backendpid();
  return told == 0 || told != number<int>(asked.at(0), "pid");
}

void set_for_session(pqxx::connection& connection, const SessionOptions& options) {
  pqxx::nontransaction work(connection);
  work.exec(fmt::format("{}SET SESSION CHARACTERISTICS AS TRANSACTION {}",
                        settings_text(options, "SET"), transaction_modes));
}

std::string connection_text(const SessionOptions& options) {
  return with_defaults(options.connection, options.application_name);
}

/// Only for a session that is not pooled.
void prepare(Session::Impl& impl, const Query& query) {
  std::string name(query.name);
  if (impl.prepared.contains(name)) return;
  impl.connection.prepare(name, std::string(query.sql));
#if PQXX_VERSION_MAJOR == 6
  impl.connection.prepare_now(name);  // else the first execution does it, unnoticed
#endif
  impl.prepared.insert(std::move(name));
}

#if PQXX_VERSION_MAJOR == 6
std::vector<const char*> to_pqxx(const Params& params) {
  std::vector<const char*> values;
  for (const auto& value : params.values()) values.push_back(value ? value->c_str() : nullptr);
  return values;
}
#else
pqxx::params to_pqxx(const Params& params) {
  pqxx::params values;
  for (const auto& value : params.values()) values.append(value);
  return values;
}
#endif

pqxx::result exec_prepared(pqxx::nontransaction& work, const Query& query, const Params& params) {
  const std::string name(query.name);
#if PQXX_VERSION_MAJOR == 6
  return work.exec_prepared(name, pqxx::prepare::make_dynamic_params(to_pqxx(params)));
#else
  return work.exec(pqxx::prepped{name}, to_pqxx(params));
#endif
}

pqxx::result exec_unnamed(pqxx::nontransaction& work, const std::string& sql,
                          const Params& params) {
#if PQXX_VERSION_MAJOR == 6
  return work.exec_params(sql, pqxx::prepare::make_dynamic_params(to_pqxx(params)));
#else
  return work.exec(sql, to_pqxx(params));
#endif
}

}  // namespace

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

#if PQXX_VERSION_MAJOR == 6
Session::Impl::Impl(const SessionOptions& options)
    : connection(connection_text(options)), quiet(connection) {
  // libpqxx 6 would reopen a broken connection by itself; discard() is our only way to do that.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#else
Session::Impl::Impl(const SessionOptions& options) : connection(connection_text(options)) {
  connection.set_notice_handler([](pqxx::zview) noexcept {});
#endif
  pooled = is_pooled(connection);
  if (pooled || options.settings != SettingsScope::session) return;
  set_for_session(connection, options);
  has_settings = true;
}

Session::Session(SessionOptions options) : options_(std::move(options)) {}

Session::~Session() = default;

Session::Impl& Session::impl() {
  if (impl_ == nullptr) {
    auto connected = std::make_unique<Impl>(options_);  // may take long: not under the lock
    const std::lock_guard lock(replacing_);
    impl_ = std::move(connected);
  }
  return *impl_;
}

void Session::discard() noexcept {
  const std::lock_guard lock(replacing_);  // not while another thread cancels on it
  impl_.reset();
}

void Session::cancel() noexcept {
  const std::lock_guard lock(replacing_);
  if (impl_ == nullptr) return;
  try {
    impl_->connection.cancel_query();
  } catch (const std::exception&) {
    // The server is gone or the query has ended: there is nothing left to cancel.
    return;
  }
}

Transaction::Transaction(Session& session)
    : session_(session), work_(std::in_place, session.impl().connection) {}

// Delegates, so that the destructor runs, and rolls back, when a cancel comes in the middle of
// this.
Transaction::Transaction(Session& session, const std::string& extra) : Transaction(session) {
  open_ = true;
  exec_text(begin_text(session.impl(), session.options(), extra));
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    exec_text("ROLLBACK");
  } catch (const std::exception&) {
    // The connection is broken, or a cancel that came late left the transaction open: either way
    // the server rolls back when the connection is gone.
    work_.reset();
    session_.discard();
  }
}

pqxx::result Transaction::exec(const Query& query, const Params& params) {
  auto& impl = session_.impl();
  if (impl.pooled) return exec_unnamed(*work_, std::string(query.sql), params);
  prepare(impl, query);
  return exec_prepared(*work_, query, params);
}

pqxx::result Transaction::exec_built(const std::string& sql, const Params& params) {
  return exec_unnamed(*work_, sql, params);
}

pqxx::result Transaction::exec_text(const std::string& sql) { return work_->exec(sql); }

std::int32_t Transaction::server_version() const {
  return session_.impl().connection.server_version();
}

void Transaction::commit() {
  try {
    exec_text("COMMIT");
  } catch (const pqxx::broken_connection& e) {
    throw pqxx::in_doubt_error(e.what());  // nobody knows whether it was committed
  }
  open_ = false;
}

void rethrow_as_store_error(Session& session, std::string_view transaction, Failure broken) {
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
    throw StoreError(broken, name, "", first_line(e.what()));
  } catch (const pqxx::serialization_failure& e) {
    throw rejected("40001", e);
  } catch (const pqxx::deadlock_detected& e) {
    throw rejected("40P01", e);
  } catch (const pqxx::insufficient_privilege& e) {
    throw rejected("42501", e);
  } catch (const pqxx::sql_error& e) {
    const std::string& state = e.sqlstate();
    // 57P01 and the like are the server's last words; libpqxx 6 reports them as broken_connection.
    const bool ended = state.empty() || state.compare(0, 3, "57P") == 0;
    const Failure failure = ended ? broken : classify(state);
    if (ended || failure == Failure::connection_lost) session.discard();
    throw StoreError(failure, name, state, first_line(e.what()));
  } catch (const pqxx::failure& e) {
    session.discard();
    throw StoreError(broken, name, "", first_line(e.what()));
  }
}

namespace {

/// run_once() where settings need no BEGIN: the server commits by itself.
pqxx::result run_alone(Session& session, const Query& query, const Params& params, bool& sent) {
  auto& impl = session.impl();
  pqxx::nontransaction work(impl.connection);
  prepare(impl, query);
  sent = true;
  return exec_prepared(work, query, params);
}

}  // namespace

pqxx::result run_once(Session& session, std::string_view name, const Query& query,
                      const Params& params, Effect effect) {
  const Failure broken =
      effect == Effect::writes ? Failure::commit_unknown : Failure::connection_lost;
  bool sent = false;
  try {
    if (session.impl().has_settings) return run_alone(session, query, params, sent);
    return transact(session, name,
                    [&](Transaction& transaction) { return transaction.exec(query, params); });
  } catch (const StoreError& error) {
    if (error.failure() != Failure::commit_unknown) throw;
    throw StoreError(broken, error.transaction(), error.sqlstate(), error.detail());
  } catch (const std::exception&) {
    rethrow_as_store_error(session, name, sent ? broken : Failure::connection_lost);
  }
}

void run_outside(Session& session, std::string_view name, const std::string& sql) {
  try {
    auto& impl = session.impl();
    if (!impl.has_settings)
      throw StoreError(Failure::rejected, std::string(name), "0A000",
                       "not through a connection pooler, which keeps no settings for a session");
    pqxx::nontransaction work(impl.connection);
    work.exec(sql);
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception&) {
    rethrow_as_store_error(session, name);
  }
}

}  // namespace lethe::db
