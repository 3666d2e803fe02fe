#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/policies/policy.hpp"
#include "common/tasks/guard_facts.hpp"

namespace lethe {

/// What one batch of a task does. Workers leave kinds that they do not know alone.
enum class TaskKind { plan, clean, verify, vacuum };

/// How rows are found and deleted or changed. docs/ARCHITECTURE.md, "Strategies".
enum class Strategy {
  sweep,      ///< physical block ranges, each page visited once; PostgreSQL 14 and later
  index,      ///< an index on the timestamp, oldest first
  key,        ///< ranges of a unique key, each row visited once
  partition,  ///< a leaf partition as a whole: detached, then dropped or quarantined
  call,       ///< a function of the user's, once a batch
};

/// Every row of a task's range is visited once, whether it is to go or not.
[[nodiscard]] constexpr bool visits_all(Strategy strategy) noexcept {
  return strategy == Strategy::sweep || strategy == Strategy::key;
}

[[nodiscard]] const char* to_string(TaskKind kind) noexcept;
[[nodiscard]] const char* to_string(Strategy strategy) noexcept;
[[nodiscard]] std::optional<Strategy> strategy_from(const std::string& text) noexcept;

/// What a clean task works on: one relation that holds rows (a table or a leaf partition) and a
/// part of it, or a function. Frozen by the plan; `fingerprint` is compared inside every batch's
/// transaction.
struct CleanWork {
  std::uint32_t relation = 0;  ///< pg_class oid; call: pg_proc oid
  std::string fingerprint;     ///< of owner, columns, triggers, rules, RLS, foreign keys; of code
  Strategy strategy = Strategy::sweep;
  std::int64_t block_from = 0;   ///< sweep: first block
  std::int64_t block_to = 0;     ///< sweep: one past the last block
  std::uint32_t phase = 0;       ///< index: which of the policy's timestamp columns leads
  std::vector<std::string> key;  ///< key: the columns of a unique index in its order, exact
  /// A part of that timestamp column or of the key's first column, text of its type; "" is an open
  /// end. index: [range_from, range_to), key: (range_from, range_to].
  std::string range_from;
  std::string range_to;
  friend bool operator==(const CleanWork&, const CleanWork&) = default;
};

/// What holds for the whole run, found out by its plan.
struct RunBounds {
  std::string not_after;     ///< table-wide keep_min: timestamptz text; "" is "no boundary needed"
  bool has_cutoffs = false;  ///< the target's lethe.cutoffs has the tenants' own of this run
  RowLimit limit{};          ///< what the guards let the run take
  friend bool operator==(const RunBounds&, const RunBounds&) = default;
};

/// What travels in items.payload, as msgpack (proto/task_payload.hpp). Small: never row data.
struct TaskPayload {
  RunBounds bounds;
  std::optional<CleanWork> work;  ///< clean tasks only
  friend bool operator==(const TaskPayload&, const TaskPayload&) = default;
};

/// The right to work on a task until a deadline. `epoch` grows at each lease and each rescue, so a
/// worker that lost its lease can never overwrite the next holder's work.
struct LeaseToken {
  TaskId task;
  WorkerId worker;
  std::int64_t epoch = 0;
};

/// The tenants' own rules of a policy, for who passes them on unread: PostgreSQL's text of arrays
/// of the same length. 100,000 of them are 2 MB so, and 50 MB as C++ objects.
struct OverrideColumns {
  std::string tenants = "{}";   ///< text
  std::string months = "{}";    ///< integer; with `seconds` the retention, NULL: the policy's own
  std::string seconds = "{}";   ///< bigint
  std::string keep_min = "{}";  ///< bigint; NULL: the policy's own
  std::string enabled = "{}";   ///< boolean
  bool any_keep_min = false;    ///< some tenant keeps a number of rows
  [[nodiscard]] bool none() const { return tenants == "{}"; }
};

/// Which database a session is in, as its server tells.
struct DatabaseIdentity {
  std::string system_identifier;  ///< of the cluster; a copy of its files has the same. "": unknown
  std::int64_t timeline = 0;
  std::int64_t database = 0;  ///< oid
  friend bool operator==(const DatabaseIdentity&, const DatabaseIdentity&) = default;
};

/// A row of a target's ledger; id 0: none.
struct LedgerPosition {
  std::int64_t id = 0;
  std::string hash;
};

/// What is known of a target's database, and what it must therefore still have.
struct KnownDatabase {
  DatabaseIdentity identity;  ///< unknown: then nothing is known
  std::string task;           ///< whose fence row must be there; "": none
  LedgerPosition ledger;      ///< the newest row that must be there
  bool survives_failover = false;
};

/// What the control database's clock showed, between two instants of this process's steady clock.
struct ClockReading {
  std::int64_t us = 0;  ///< since 1970; 0: it was not read
  std::chrono::steady_clock::time_point asked{};
  std::chrono::steady_clock::time_point answered{};
  bool watched = true;  ///< somebody has looked lately whether it jumped
};

/// Why nothing of a target may go on until a person has looked. docs/freezes.md.
struct Freeze {
  enum class Kind { none, clock, database };
  Kind kind = Kind::none;
  std::string reason;
};

/// A run as its tasks need it. Frozen when the run was made, but for what is known of its target.
struct RunContext {
  RunId id;
  std::string policy;             ///< "" for an ad-hoc run
  std::int64_t policy_epoch = 0;  ///< 0 for an ad-hoc run
  std::string spec_sha256;
  Policy spec;                ///< without the tenants' overrides
  OverrideColumns overrides;  ///< for plan tasks, and where the policy keeps_strictly(), only
  std::string target;
  std::string target_url;
  std::string as_of;      ///< timestamptz text, UTC, microseconds
  std::string expire_at;  ///< timestamptz text
  std::int32_t passes = 0;
  KnownDatabase known{};
  ClockReading clock{};  ///< when this was read
  std::int64_t clock_skew_seconds = 60;
  Freeze freeze{};
  RunRecord record{};  ///< for plan tasks only
};

struct LeasedTask {
  LeaseToken lease;
  TaskKind kind = TaskKind::plan;
  RunId run;
  std::string target;
  std::string payload;        ///< msgpack
  std::int32_t attempts = 0;  ///< consecutive ones without progress, this one included
  std::int32_t max_attempts = 0;
  std::int64_t batch_size = 0;  ///< 0: the strategy's default
  bool cancel_requested = false;
  std::chrono::milliseconds lease_left{0};
};

}  // namespace lethe
