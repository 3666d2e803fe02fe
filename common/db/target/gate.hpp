#pragma once

// Private to common/db: the gate as operators and freezes move it; a batch passes it in
// batch_transaction.hpp.

#include <chrono>
#include <string>

#include "common/control/target_database.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

class Transaction;

/// As TargetDatabase::close_gate. The row is changed without waiting for the lock that batches
/// share: what has read it holds that lock, and await_standstill() waits for it.
void close_gate(Session& session, const std::string& policy, const std::string& reason);

/// As TargetDatabase::await_standstill.
[[nodiscard]] Standstill await_standstill(Session& session, const std::string& policy,
                                          std::chrono::milliseconds patience);

/// As TargetDatabase::open_gate.
void open_gate(Session& session);

/// Closes the gate of the whole target until thaw_gate() of that kind. A freeze that is there
/// already stays. Not for Freeze::Kind::none.
void freeze_gate(Session& session, const Freeze& freeze);
void thaw_gate(Session& session, Freeze::Kind kind);

/// For what an operator does by hand to rows that a batch might delete: takes the locks of a batch
/// and throws UserError (refused) when the target is halted or frozen.
void pass_closed_gate(Transaction& transaction);

/// "clock", "database"; "" for none. As the column frozen_by has it.
[[nodiscard]] const char* freeze_word(Freeze::Kind kind) noexcept;
[[nodiscard]] Freeze::Kind freeze_kind(const std::string& word) noexcept;

}  // namespace lethe::db
