#include "common/db/pg_clock_store.hpp"

#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"

namespace lethe::db {

namespace {

Instant instant(std::int64_t us) { return Instant(std::chrono::microseconds(us)); }

}  // namespace

ClockLook PgClockStore::look() {
  const auto row = run_once(session_, "clock_look", queries::clock_look, {}, Effect::reads).at(0);
  const auto seen = maybe<std::int64_t>(row, "seen");
  return {.now = instant(number(row, "now")),
          .seen = seen ? std::optional(instant(*seen)) : std::nullopt};
}

void PgClockStore::saw(const ClockLook& look) {
  const auto before = look.seen ? std::optional(to_iso8601(*look.seen)) : std::nullopt;
  run_once(session_, "clock_saw", queries::clock_saw, Params::of(to_iso8601(look.now), before));
}

void PgClockStore::freeze(const std::string& reason) {
  transact(session_, "clock_freeze", [&](Transaction& transaction) {
    const auto targets = all_target_names(transaction);
    lock_slots(transaction, targets);
    if (db::freeze(transaction, {PauseScope::all, ""}, reason)) rebalance(transaction, targets);
  });
}

}  // namespace lethe::db
