#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/control/archive.hpp"
#include "common/policies/policy.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe {

/// One finding of a check, with the SQL that mends it when there is one.
struct Finding {
  bool ok = false;
  std::string what;  ///< e.g. "schema lethe is installed"
  std::string cure;  ///< "" when ok
};

/// What becomes of rows of a table that a policy lists under cascade.
struct ChildRows {
  std::string child;  ///< quoted
  std::int64_t rows = 0;
  bool changed = false;  ///< their keys are emptied; else they are deleted
};

/// Why rows stay, and how many would go (or, by the policy's action, change). What `preview`,
/// `enqueue --dry-run` and the demo show.
struct Census {
  std::string cutoff;  ///< ISO 8601: older rows may go
  std::int64_t total = 0;
  Action::Kind action = Action::Kind::remove;
  std::int64_t eligible = 0;  ///< would be deleted or set; with a call: are older than the cutoff
  std::int64_t too_young = 0;
  std::int64_t no_timestamp = 0;  ///< NULL or infinite
  std::int64_t condition = 0;     ///< `where` does not match
  std::int64_t tenant_off = 0;    ///< the tenant is disabled, or not the one asked for
  std::int64_t keep_min = 0;      ///< old enough, but among the newest that must stay
  std::int64_t referenced = 0;    ///< could go, but rows of other tables point at them
  std::int64_t done = 0;          ///< old enough, but has the values already that would be set
  std::string oldest;             ///< of the eligible rows; "" when none
  std::string newest;
  std::int64_t bytes = 0;  ///< estimate: eligible share of the table's size
  struct Tenant {
    std::string tenant;
    std::int64_t total = 0;
    std::int64_t eligible = 0;
  };
  std::vector<Tenant> tenants;  ///< those with most eligible rows first, at most 20
  /// A foreign key that points at the table, or at a child that goes along.
  struct Reference {
    std::string constraint;
    std::string child;         ///< the table that it belongs to
    std::int64_t rows = 0;     ///< of `referenced`, those that this key is the first to keep
    std::string create_index;  ///< SQL for the indexes that it lacks; "" when it lacks none
  };
  std::vector<Reference> references;
  std::vector<ChildRows> children;
  std::int64_t held = 0;  ///< could go, but holds keep them, or a child that would go along
  /// A hold that is the first to keep some of `held`.
  struct Holder {
    std::int64_t hold = 0;
    std::int64_t rows = 0;
  };
  std::vector<Holder> holds;
  /// Primary keys (jsonb) of some eligible rows, the oldest first; where there is none, their
  /// ctids.
  std::vector<std::string> samples;
  /// Estimate, of a run without partitions that go as a whole: as if a checkpoint had just begun,
  /// so that each page is logged completely once. Indexes are left to the vacuum after it.
  std::int64_t wal_bytes = 0;
};

/// Eligible rows whose keys a census shows.
inline constexpr std::int64_t census_samples_max = 10;

/// Rows that must stay, as an operator asks for it.
struct NewHold {
  std::optional<TableName> table;            ///< nothing: every table of the target
  std::optional<std::string> tenant;         ///< nothing: whoever's they are
  std::vector<std::string> tenant_columns;   ///< exact; where the tenant may stand
  std::map<std::string, std::string> match;  ///< value by column, exact; all must be the row's
  std::string reason;
};

/// A hold as the target has it. Instants are ISO 8601.
struct Hold {
  std::int64_t id = 0;
  std::string relation;     ///< quoted, as the table is called now; "": every table
  bool is_missing = false;  ///< there is no such table any more
  std::optional<std::string> tenant;
  std::vector<std::string> tenant_columns;
  std::map<std::string, std::string> match;
  std::string reason;
  std::string placed_by;
  std::string placed_at;
  std::string released_at;  ///< "": in force
  std::string released_by;
  std::string release_reason;
};

/// So many holds may be in force in one target.
inline constexpr std::int64_t holds_max = 1'000;

/// A row that the target refuses to delete, set aside for the rest of its run.
struct ParkedRow {
  std::string run;
  std::string task;
  std::string relation;  ///< the table or leaf partition, as named then
  std::string key;       ///< its primary key as JSON, or its ctid
  std::string sqlstate;
  std::string message;  ///< the server's own
  std::string at;       ///< ISO 8601
};

/// What only the target knows of a run.
struct RunTraces {
  std::int64_t parked = 0;          ///< rows
  std::vector<ChildRows> children;  ///< that went along so far, by name; by the ledger
};

/// A foreign key that points to the table.
struct ForeignKey {
  std::string name;
  std::string child;  ///< the table that it belongs to; all names are quoted
  std::string columns;
  std::string action;  ///< "no action", "restrict", "cascade", "set null", "set default"
  /// Statements that would make the indexes that serve it: one for the child, or for each of its
  /// leaf partitions, that has none.
  std::vector<std::string> missing_indexes;
  std::int64_t child_blocks = 0;
  double child_rows = -1;  ///< by statistics; -1: unknown
};

/// A trigger that a batch on the table fires.
struct FiredTrigger {
  std::string name;
  std::string relation;
  std::string timing;  ///< e.g. "after each row"
  std::string function;
};

/// What a plan made now would know of a policy's table.
struct Explanation {
  std::string cutoff;               ///< ISO 8601, without keep_min
  std::int32_t server_version = 0;  ///< e.g. 150018
  std::string refusal;   ///< why a run would refuse the table or function; "" when it would not
  std::string function;  ///< that is called: then there is nothing else here; "" for none
  std::vector<RelationFacts> relations;
  std::vector<ForeignKey> foreign_keys;
  std::vector<FiredTrigger> triggers;
};

/// What a foreign key adds to the deletion of `rows` rows, in milliseconds of one session: where an
/// index is missing each of them is looked for in the whole child. Rough; the rows of the child
/// that the key deletes or changes are not counted.
[[nodiscard]] double foreign_key_cost_ms(const ForeignKey& key, double rows);

/// Sums over a run's ledger in the target.
struct LedgerTotals {
  std::int64_t batches = 0;
  std::int64_t rows = 0;
};

/// A partition that was detached and is, or was, kept aside. Instants are ISO 8601.
struct QuarantinedTable {
  std::int64_t id = 0;
  std::string relation;  ///< as it was called, quoted
  std::string parent;    ///< the table above it, quoted
  std::string bounds;    ///< FOR VALUES …
  std::string state;     ///< quarantined, due, missing, purged, restored
  std::string policy;
  std::string run;
  std::string task;
  std::int64_t rows = 0;
  bool estimated = false;  ///< `rows` is
  std::int64_t bytes = 0;  ///< with indexes and TOAST
  std::string quarantined_at;
  std::string purge_after;
  std::string ended_at;  ///< "": not yet
  std::string ended_by;
};

/// A session of a worker that is at work in a target.
struct InFlight {
  std::int32_t pid = 0;
  std::string name;      ///< as the server shows it: lethe/RUN/TASK
  std::int64_t ms = -1;  ///< since its transaction began; -1: this role may not know
};

/// What was still at work when nobody waited any longer.
struct Standstill {
  std::vector<InFlight> batches;  ///< with plans and verifications; empty: none is in flight
  std::vector<InFlight> vacuums;  ///< they change no row, and are not waited for
};

/// A database that Lethe cleans, as operators use it. Connects on first use.
/// Thread safety: none. Errors: StoreError; UserError for what the operator can mend.
class TargetDatabase {
 public:
  virtual ~TargetDatabase() = default;

  /// Installs or upgrades the schema; true when something changed. Safe when run twice at once.
  virtual bool install() = 0;
  /// What `install` would run.
  [[nodiscard]] virtual std::string install_sql() = 0;
  /// Whether Lethe can work here at all: version, schema, rights, superuser.
  virtual std::vector<Finding> check() = 0;

  /// Checks that the target is installed and that a policy fits its table: exists, kinds and types
  /// of columns, conditions, hazards; that its function can be called. Throws UserError
  /// (bad_config) that starts with `field` + the key, e.g. "policies[0].table".
  virtual void check_policy(const Policy& policy, const std::string& field) = 0;

  /// Counts in a read-only transaction what a run made now would delete and what it would keep.
  /// UserError (refused) for a policy that calls a function and names no table.
  virtual Census census(const Policy& policy) = 0;

  /// Looks at the policy's table in a read-only transaction as a plan does: catalog, statistics,
  /// at most a sample of its blocks.
  virtual Explanation explain(const Policy& policy) = 0;

  /// Moves the gate of a policy to `epoch`: returns when no batch of an older epoch is in flight.
  virtual void set_gate(const std::string& policy, std::int64_t epoch, bool halted,
                        const std::string& reason) = 0;
  /// Closes the gate of a policy, or of the whole target ("*"), at once: whatever passes it later
  /// does nothing. Does not wait for what has passed it already; await_standstill() does.
  virtual void close_gate(const std::string& policy, const std::string& reason) = 0;
  /// Waits, at most for `patience` (> 0), until nothing is in flight that passed that gate before.
  virtual Standstill await_standstill(const std::string& policy,
                                      std::chrono::milliseconds patience) = 0;
  /// Opens the gate of the whole target; one that is frozen stays so.
  virtual void open_gate() = 0;
  /// Ends a freeze of that kind; no other one.
  virtual void thaw(Freeze::Kind kind) = 0;

  virtual LedgerTotals ledger_totals(const std::string& run) = 0;

  /// Parked rows of a run, or of all runs when `run` is "", the newest first, at most `rows_max`.
  virtual std::vector<ParkedRow> parked(const std::string& run, std::int32_t rows_max) = 0;
  virtual RunTraces traces(const std::string& run) = 0;

  /// Quarantined partitions, the newest first, at most 1,000; `all`: also what was purged or
  /// restored.
  virtual std::vector<QuarantinedTable> quarantine(bool all) = 0;
  /// One of them, whatever became of it; nothing when there never was one.
  virtual std::optional<QuarantinedTable> quarantined(std::int64_t id) = 0;
  /// Drops one for good, also before its time. False when it was gone already.
  virtual bool purge(std::int64_t id, const std::string& actor) = 0;
  /// Attaches one to its table again. Throws UserError (refused) when it is not there any more.
  virtual void restore(std::int64_t id, const std::string& actor) = 0;

  /// Places a hold and returns its number when it is in force: no batch is in flight that does not
  /// know it. Throws UserError (bad_config) "--table: …", "--tenant: …" or "--match: …" for a
  /// table, a column or a value that is not there or that rows cannot be told apart by; UserError
  /// (refused) when holds_max are in force.
  virtual std::int64_t place_hold(const NewHold& hold, const std::string& actor) = 0;
  /// The newest first, at most 10,000; `all`: also those that were released.
  virtual std::vector<Hold> holds(bool all) = 0;
  /// One of them, whatever became of it; nothing when there never was one.
  virtual std::optional<Hold> hold(std::int64_t id) = 0;
  /// Ends a hold. False when it was released before.
  virtual bool release_hold(std::int64_t id, const std::string& reason,
                            const std::string& actor) = 0;

  /// Copies of rows, by batch, oldest first; at most 1,000,000.
  virtual std::vector<ArchivedRows> archives(const ArchiveQuestion& question) = 0;
  /// Copies that the target can judge by itself: their number in tables and in the ledger, batches
  /// without any. At most 10,000.
  virtual std::vector<ArchiveProblem> archive_problems(const ArchiveQuestion& question) = 0;
  /// Which server the target is on, as the manifests of archives call it.
  virtual std::string system_identifier() = 0;
  /// Returns when every batch that is in flight now has ended, one way or the other.
  virtual void wait_for_batches() = 0;
  /// Puts the rows of one batch back into their table; those that were changed get their old values
  /// back, where they still have the new ones. All of them or none. Throws UserError (refused) when
  /// that cannot be exact, and ArchiveError for a file that is not what was written.
  virtual RestoredRows restore_archive(const ArchivedRows& rows, ArchiveStore& store,
                                       const std::string& actor) = 0;
  /// Removes the copies of one batch for good, unless a hold is on their table. Returns the hold's
  /// number then, and nothing when they are gone.
  virtual std::optional<std::int64_t> prune_archive(const ArchivedRows& rows, ArchiveStore& store,
                                                    const std::string& actor) = 0;
};

class TargetProof;  // common/control/target_proof.hpp

/// Makes TargetDatabase objects by connection string.
class TargetConnector {
 public:
  virtual ~TargetConnector() = default;
  virtual std::unique_ptr<TargetDatabase> connect(const std::string& url) = 0;
  /// For whoever only proves or asks.
  virtual std::unique_ptr<TargetProof> connect_proof(const std::string& url) = 0;
  /// Throws UserError (bad_config) starting with `field` unless libpq can read `url` and it holds
  /// no password.
  virtual void check_url(const std::string& url, const std::string& field) = 0;
};

/// The control schema's version. Errors: StoreError.
class Migrations {
 public:
  virtual ~Migrations() = default;
  struct Step {
    std::int32_t version = 0;
    std::string name;
    std::string applied_at;  ///< ISO 8601; "" when pending
    bool breaking = true;    ///< programs that do not know it must not go on
  };
  virtual std::vector<Step> status() = 0;
  /// Applies what is pending, one process at a time; returns what it applied.
  virtual std::vector<Step> up() = 0;
  /// The pending migrations as SQL text.
  virtual std::string pending_sql() = 0;
  /// Throws UserError (bad_config), naming the command to run, unless this program may work with
  /// the schema: it has all that the program knows, and what else it has breaks nothing.
  virtual void require_known() = 0;
};

}  // namespace lethe
