#include "common/db/target/gate.hpp"

#include <fmt/format.h>

#include "common/db/queries.gen.hpp"
#include "common/db/transact.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

constexpr const char* lock_not_available = "55P03";

Standstill look_at_work(Session& session, const std::string& policy) {
  return transact(session, "gate_in_flight", [&](Transaction& transaction) {
    Standstill standstill;
    for (const auto& row : transaction.exec(queries::gate_in_flight, Params::of(policy)))
      (flag(row, "vacuums") ? standstill.vacuums : standstill.batches)
          .push_back({.pid = number<std::int32_t>(row, "pid"),
                      .name = text(row, "name"),
                      .ms = number(row, "ms")});
    return standstill;
  });
}

}  // namespace

const char* freeze_word(Freeze::Kind kind) noexcept {
  switch (kind) {
    case Freeze::Kind::none: return "";
    case Freeze::Kind::clock: return "clock";
    case Freeze::Kind::database: return "database";
  }
  return "";
}

Freeze::Kind freeze_kind(const std::string& word) noexcept {
  for (const Freeze::Kind kind : {Freeze::Kind::clock, Freeze::Kind::database})
    if (word == freeze_word(kind)) return kind;
  return Freeze::Kind::none;
}

void close_gate(Session& session, const std::string& policy, const std::string& reason) {
  transact(session, "gate_close", [&](Transaction& transaction) {
    if (policy != "*") transaction.exec(queries::gate_add, Params::of(policy));
    transaction.exec(queries::gate_set, Params::of(policy, std::nullopt, true, reason));
  });
}

Standstill await_standstill(Session& session, const std::string& policy,
                            std::chrono::milliseconds patience) {
  try {
    transact(
        session, "gate_await",
        [&](Transaction& transaction) {
          transaction.exec(queries::gate_lock_exclusive, Params::of(policy));
        },
        fmt::format("SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = 0",
                    patience.count()));
  } catch (const StoreError& error) {
    if (error.sqlstate() != lock_not_available) throw;
    return look_at_work(session, policy);
  }
  Standstill standstill = look_at_work(session, policy);
  standstill.batches.clear();  // what holds the lock now has found the gate closed
  return standstill;
}

void open_gate(Session& session) {
  transact(session, "gate_open", [](Transaction& transaction) {
    transaction.exec(queries::gate_set, Params::of("*", std::nullopt, false, ""));
  });
}

void freeze_gate(Session& session, const Freeze& freeze) {
  transact(session, "gate_freeze", [&](Transaction& transaction) {
    transaction.exec(queries::gate_freeze, Params::of(freeze_word(freeze.kind), freeze.reason));
  });
}

void thaw_gate(Session& session, Freeze::Kind kind) {
  transact(session, "gate_thaw", [&](Transaction& transaction) {
    transaction.exec(queries::gate_thaw, Params::of(freeze_word(kind)));
  });
}

void pass_closed_gate(Transaction& transaction) {
  transaction.exec(queries::gate_lock_shared, Params::of(""));
  const auto rows = transaction.exec(queries::gate_state);
  if (rows.empty()) return;
  const auto row = rows.at(0);
  if (freeze_kind(text(row, "frozen_by")) != Freeze::Kind::none)
    throw UserError(ExitCode::refused, "the target is frozen: " + text(row, "frozen"));
  if (flag(row, "halted"))
    throw UserError(ExitCode::refused,
                    fmt::format("the target is halted: {}; run: lethe resume --all, or lethe "
                                "target resume NAME",
                                text(row, "reason")));
}

}  // namespace lethe::db
