#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lethe {

/// A length of time in PostgreSQL's terms. Months are calendar months; everything else is a fixed
/// number of seconds (a day is 24 h), so a cutoff does not move with a zone's clock changes.
struct Retention {
  std::int32_t months = 0;
  std::int64_t seconds = 0;
  friend bool operator==(const Retention&, const Retention&) = default;
};

/// A table by the exact names in the catalog (case kept, never quoted).
struct TableName {
  std::string schema;
  std::string table;
  friend bool operator==(const TableName&, const TableName&) = default;
};

/// How one column is compared. The order is the order of `to_string` and of the documentation.
enum class Comparison { eq, ne, in, not_in, lt, lte, gt, gte, is_null, like_prefix };

/// What rows a policy is about: a tree of typed comparisons, never SQL text.
///
/// A leaf compares `column` with `values` (text, converted to the column's type by the server;
/// one value for eq, ne, lt, lte, gt, gte and like_prefix, "true" or "false" for is_null, one or
/// more for in and not_in). A branch holds `children` joined by all, any or (with exactly one) not.
/// An absent or empty condition (all of nothing) is every row.
struct Condition {
  enum class Kind { all, any, negation, comparison };

  Kind kind = Kind::all;
  std::vector<Condition> children;         ///< all, any: 0..64; negation: exactly 1
  std::string column;                      ///< comparison only
  Comparison comparison = Comparison::eq;  ///< comparison only
  std::vector<std::string> values;         ///< comparison only: 1..1000
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// What differs for one tenant. An absent member is inherited from the policy.
struct TenantOverride {
  std::optional<Retention> retain;
  std::optional<std::int64_t> keep_min;  ///< rows, >= 0
  bool enabled = true;                   ///< false: nothing of this tenant is deleted
  friend bool operator==(const TenantOverride&, const TenantOverride&) = default;
};

/// One retention for many tenants that share a table.
struct TenantRule {
  std::string column;
  std::optional<std::int64_t> keep_min;  ///< newest rows to keep per tenant, >= 0; none: no minimum
  std::map<std::string, TenantOverride> overrides;  ///< by the tenant column's value as text
  std::optional<std::string> only;                  ///< ad-hoc runs: this tenant and no other
  bool strict = false;  ///< batches find out anew what keep_min keeps, with the table locked
  friend bool operator==(const TenantRule&, const TenantRule&) = default;
};

/// A function or procedure by its exact names in the catalog.
struct FunctionName {
  std::string schema;
  std::string name;
  friend bool operator==(const FunctionName&, const FunctionName&) = default;
};

/// What happens to the rows that are too old.
struct Action {
  enum class Kind {
    remove,  ///< they are deleted
    set,     ///< columns of theirs get new values
    call,    ///< a function of the user's does what it does, batch by batch, until nothing is left
  };

  Kind kind = Kind::remove;
  /// set only: 1..16 columns with their new values, text as in Condition; nothing is NULL.
  std::map<std::string, std::optional<std::string>> values;
  FunctionName function;  ///< call only
  friend bool operator==(const Action&, const Action&) = default;
};

/// A time of day, local to the policy's zone.
struct TimeOfDay {
  std::int32_t minutes = 0;  ///< since midnight, 0..1439
  friend bool operator==(const TimeOfDay&, const TimeOfDay&) = default;
};

/// No batch starts outside [from, to). `to` before `from` wraps around midnight; they differ.
struct TimeWindow {
  TimeOfDay from;
  TimeOfDay to;
  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

/// What becomes of an instant that no scheduler was there for: one run makes up for all of them, or
/// they are only recorded.
enum class Missed { once, skip };

/// What becomes of an instant while the run before is still open: it is only recorded, or its run
/// waits (one at most).
enum class Overlap { skip, queue };

/// What a number or a UUID in a timestamp column counts since 1970-01-01 UTC. The order is that of
/// time_unit_names.
enum class TimeUnit { s, ms, us, uuidv7 };
using TimeUnits = std::map<std::string, TimeUnit>;  ///< by column

/// How hard a policy's batches may press on the database.
struct BatchRule {
  std::int64_t target_ms = 0;  ///< 10..30000: how long a batch should take; 0: the worker's own
  std::int64_t duty_percent =
      100;  ///< 1..100: a task rests after each batch, at work so much of the time
  std::int64_t rows_per_second = 0;  ///< of the whole fleet, on average; 0: no limit
  friend bool operator==(const BatchRule&, const BatchRule&) = default;
};

/// How rows are to go: as the planner finds best, or pinned to one way (tasks/task.hpp, Strategy).
enum class StrategyChoice { automatic, partition, sweep, index, key };

/// What becomes of a partition all of whose rows are to go: its rows are deleted, it is dropped, or
/// it is detached and kept aside for a while.
enum class Partitions { rows, drop, quarantine };

/// Where rows are copied to in the transaction that deletes or changes them: into a table of the
/// same database or into files of the worker's machine, one of the two.
struct ArchiveRule {
  TableName table;                ///< empty: into files
  std::string directory;          ///< absolute; "": into the table
  std::optional<Retention> keep;  ///< how long the copies stay; nothing: for ever
  friend bool operator==(const ArchiveRule&, const ArchiveRule&) = default;
};

/// How much a run may take away before somebody is asked. docs/guards.md.
struct GuardRule {
  /// 1..1'000'000: of the table's rows, in millionths; none: the usual nine tenths
  std::optional<std::int64_t> max_fraction_ppm;
  std::int64_t max_rows_per_run = 0;                ///< no run takes more; 0: no limit
  std::optional<std::int64_t> acknowledge_above{};  ///< rows, >= 0; none: the usual 10,000
  bool two_person = false;  ///< no run before a second person approved of the policy
  friend bool operator==(const GuardRule&, const GuardRule&) = default;
};

/// What to keep: one table, how long, for whom, when. A plain value; applying it is elsewhere.
///
/// With action `call` there is neither where, keep_min nor tenant, and table and timestamp are both
/// empty where the policy does not say them.
struct Policy {
  std::string name;    ///< [a-z0-9][a-z0-9_.-]{0,62}; empty for an ad-hoc run
  std::string target;  ///< name of the target
  TableName table;
  /// Timestamp columns in order of preference: a later one counts where all before it are NULL.
  std::vector<std::string> timestamp;  ///< 1..4
  /// Of those timestamp columns, by name, that are integers or UUIDs; the others have none.
  TimeUnits units;
  Retention retain;  ///< > 0
  Condition where;
  std::vector<TableName> cascade;  ///< tables whose rows go along by foreign keys; 0..100, no twins
  /// Roles of the target, exact, whose code triggers may run with the worker's rights; 0..100, no
  /// twins. Superusers and the worker's own role always may.
  std::vector<std::string> trusted_owners;
  std::optional<std::int64_t> keep_min;  ///< newest rows to keep in the table; none: no minimum
  bool strict = false;                   ///< as TenantRule::strict, for that keep_min
  std::optional<TenantRule> tenant;
  Action action;
  std::string schedule;              ///< cron line, @macro or "every N s"; empty: only by hand
  std::string timezone = "UTC";      ///< IANA name in which the cron line and the window are read
  std::optional<TimeWindow> window;  ///< none: at any time
  Missed missed = Missed::once;
  Overlap overlap = Overlap::skip;
  std::int64_t jitter_seconds = 0;  ///< 0..86400; each policy fires later by its own part of this
  std::string lane = "normal";      ///< [a-z0-9][a-z0-9_.-]{0,62}
  std::int32_t priority = 2;  ///< 0 (first) to 4; a step weighs as much as ten minutes of waiting
  std::int64_t expire_after_seconds = 86'400;  ///< 60..2592000; no batch of a run starts later
  BatchRule batch;
  StrategyChoice strategy = StrategyChoice::automatic;
  Partitions partitions = Partitions::rows;
  std::int64_t quarantine_seconds = 7 * 86'400;  ///< 60..315360000; until the purge
  GuardRule guards;
  bool vacuum = false;  ///< what a run cleaned, when it is verified; not with action call
  /// None: rows are not copied. Neither with action call nor with cascade, nor where partitions go
  /// as a whole.
  std::optional<ArchiveRule> archive;
  friend bool operator==(const Policy&, const Policy&) = default;
};

/// A database that Lethe cleans, as a file of policies describes it.
struct TargetSpec {
  std::string name;                  ///< same form as a policy's name
  std::string url;                   ///< libpq URI, key=value string or service; never a password
  std::int32_t max_running = 4;      ///< tasks admitted at once, 1..1000
  std::int64_t rows_per_second = 0;  ///< of the whole fleet, on average; 0: no limit
  std::int32_t clock_skew_seconds = 60;  ///< 1..3600: so far its clock may be from the control's
  /// A standby that took over, and has everything that is known of it, goes on; else a person has
  /// to look first.
  bool survives_failover = false;
  friend bool operator==(const TargetSpec&, const TargetSpec&) = default;
};

/// What one file says. Either list may be empty.
struct PolicyFile {
  std::vector<TargetSpec> targets;
  std::vector<Policy> policies;
};

}  // namespace lethe
