#pragma once

#include <string_view>

#include "common/store_error.hpp"

namespace lethe::db {

/// What helps against an error of the server.
enum class Remedy {
  retry,      ///< the same again after a pause, with less work: it was about other transactions
  shrink,     ///< less work at once: this took too long
  wait,       ///< a lock was not to be had: later, and around the locked rows
  reconnect,  ///< the server or the connection is not there
  bisect,     ///< a row, or a trigger's opinion of it: halve the batch until that row stands alone,
              ///< and park it
  stop,       ///< nothing but a person
};

/// A whole SQLSTATE (five characters), or a class of them (the first two).
struct SqlstateRule {
  std::string_view code;
  Remedy remedy;
};

/// The one table of what the server's errors mean; docs/operations.md shows it. A whole SQLSTATE
/// goes before its class. Source: PostgreSQL documentation, appendix A.
inline constexpr SqlstateRule sqlstate_rules[] = {
    {"25006", Remedy::reconnect},  // read-only: a standby took our place
    {"25P03", Remedy::reconnect},  // idle_in_transaction_session_timeout ended the session
    {"25P04", Remedy::shrink},     // transaction_timeout
    {"53300", Remedy::reconnect},  // too many connections: this one was not to be had
    {"55P03", Remedy::wait},       // lock_timeout or NOWAIT
    {"57014", Remedy::shrink},     // statement_timeout or a cancel

    {"08", Remedy::reconnect},  // connection exception
    {"40", Remedy::retry},      // deadlock, serialization
    {"53", Remedy::retry},      // out of memory, disk full
    {"57", Remedy::reconnect},  // shutdown, crash of another backend

    {"09", Remedy::bisect},  // triggered action exception
    {"20", Remedy::bisect},  // case not found, in a trigger
    {"21", Remedy::bisect},  // cardinality violation, in a trigger
    {"22", Remedy::bisect},  // data exception
    {"23", Remedy::bisect},  // a constraint, above all of a foreign key
    {"27", Remedy::bisect},  // a trigger changed the row that is deleted
    {"2F", Remedy::bisect},  // SQL routine exception
    {"38", Remedy::bisect},  // external routine exception
    {"39", Remedy::bisect},  // external routine invocation exception
    {"44", Remedy::bisect},  // a view's check option, in a trigger
    {"P0", Remedy::bisect},  // RAISE of PL/pgSQL

    {"03", Remedy::stop},  // statement not yet complete
    {"0A", Remedy::stop},  // feature not supported
    {"0B", Remedy::stop},  // invalid transaction initiation
    {"0F", Remedy::stop},  // locator
    {"0L", Remedy::stop},  // grantor
    {"0P", Remedy::stop},  // role specification
    {"0Z", Remedy::stop},  // diagnostics
    {"24", Remedy::stop},  // cursor state
    {"25", Remedy::stop},  // transaction state
    {"26", Remedy::stop},  // statement name
    {"28", Remedy::stop},  // authorization
    {"2B", Remedy::stop},  // dependent privileges or objects
    {"2D", Remedy::stop},  // transaction termination
    {"34", Remedy::stop},  // cursor name
    {"3B", Remedy::stop},  // savepoint
    {"3D", Remedy::stop},  // no such database
    {"3F", Remedy::stop},  // no such schema
    {"42", Remedy::stop},  // rights, missing tables and columns, syntax
    {"54", Remedy::stop},  // too complex, too deep
    {"55", Remedy::stop},  // object not in prerequisite state, such as no replica identity
    {"58", Remedy::stop},  // input or output failed
    {"72", Remedy::stop},  // snapshot too old
    {"F0", Remedy::stop},  // the server's configuration file
    {"HV", Remedy::stop},  // foreign data wrapper
    {"XX", Remedy::stop},  // internal error, corruption
};

/// What helps against an SQLSTATE. A class that PostgreSQL does not have comes from somebody's
/// trigger (RAISE … USING ERRCODE), so it is bisected. Without a SQLSTATE ("") nothing is known:
/// stop.
[[nodiscard]] Remedy remedy_for(std::string_view sqlstate) noexcept;

/// Maps an SQLSTATE to what the caller of a store may do about it, by the same table.
[[nodiscard]] Failure classify(std::string_view sqlstate) noexcept;

}  // namespace lethe::db
