#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/control/proof_store.hpp"
#include "common/control/target_database.hpp"

namespace lethe {

/// Where a chain ends, by whoever says so.
struct ChainEnd {
  std::int64_t batches = 0;
  std::int64_t rows = 0;
  std::string hash{};
};

/// A row of the ledger as a link of its task's chain.
struct LedgerLink {
  std::int64_t id = 0;
  std::string task{};
  std::int64_t batch = 0;
  std::string run{};
  std::int64_t rows = 0;
  std::string prev_hash{};
  std::string hash{};
  std::string computed{};           ///< the hash that it ought to have
  std::optional<ChainEnd> fence{};  ///< what the task's fence said then; nothing: there is none
};

/// Which links: those after a batch of a task, up to a task.
struct LinkRange {
  std::string after_task{};  ///< "" with batch 0: from the first
  std::int64_t after_batch = 0;
  std::string until_task{};     ///< "": to the last
  std::string run{};            ///< of this run alone; "" is any
  std::int32_t rows_max = 100;  ///< 1..10000
};

/// A row of the ledger for people.
struct LedgerRow {
  std::int64_t id = 0;
  std::string task{};
  std::int64_t epoch = 0;
  std::int64_t batch = 0;
  std::string run{};
  std::string policy{};  ///< "": ad hoc
  std::string policy_hash{};
  std::string relation{};
  std::string cutoff{};
  std::int64_t rows = 0;
  std::string oldest{};  ///< "": no row
  std::string newest{};
  std::string at{};
  std::string method{};
  bool estimated = false;
  std::string bounds{};
  std::string cascaded{};  ///< JSON; "": nothing went along
  std::optional<std::int64_t> bytes{};
  std::string xid{};
  std::string system_identifier{};
  std::int64_t timeline = 0;
  std::string hash{};
};

struct LedgerFilter {
  std::string run{};            ///< "" is any
  std::string task{};           ///< "" is any
  std::int32_t rows_max = 100;  ///< 1..10000
};

/// What a run did to one relation, by the ledger.
struct RelationCount {
  std::string relation{};  ///< quoted, as named then
  std::string method{};    ///< delete, drop, quarantine
  std::int64_t rows = 0;
  std::int64_t batches = 0;
  bool estimated = false;  ///< some of `rows` are
  std::string oldest{};    ///< "": no row
  std::string newest{};
  std::string bounds{};  ///< of a partition that went as a whole
  std::optional<std::int64_t> bytes{};
};

/// Where the target is and what its ledger says of a run.
struct RunEvidence {
  std::string database{};
  std::string server_version{};
  std::string system_identifier{};  ///< of the server now
  std::string written_by{};         ///< "system identifier/timeline" of the batches, each once
  std::string oldest_cutoff{};      ///< in force in any batch; "": there was none
  std::string newest_cutoff{};
  std::vector<RelationCount> relations{};  ///< by name
  std::vector<ChildRows> children{};
  std::vector<LedgerHead> heads{};  ///< the last batch of each task, by task; at most 10,000
};

/// A run whose verification is to be repeated.
struct RunToProve {
  std::string run{};
  Policy spec{};  ///< as it was frozen
  std::string as_of{};
  std::string expire_at{};
  RunBounds bounds{};
};

/// The question whether a run has left anything that had to go, and its answer now.
struct Verification {
  std::string sql{};  ///< with $1, $2 …
  std::vector<std::optional<std::string>> parameters{};
  std::string script{};  ///< the same for psql, read only, with the values in it
  std::string at{};      ///< when it was asked
  std::int64_t eligible = 0;
  std::string oldest{};  ///< of the eligible rows; "" when none
  std::string newest{};
  std::string problem{};  ///< why it could not be asked; "" when it was: then nothing else is here
};

/// A row by values of its columns, exact names.
using RowKey = std::vector<std::pair<std::string, std::string>>;

/// A row that was looked for.
struct FoundRow {
  std::string relation{};           ///< quoted: the table or leaf partition in which it is
  std::vector<TableName> tables{};  ///< that one and those that it is a part of
};

/// What a policy has to say of a row, by the verdict that a census would give.
struct RowVerdict {
  std::string problem{};  ///< a run would refuse the table; "": it would not
  bool is_gone = false;
  /// condition, tenant_off, no_timestamp, too_young, keep_min, held, referenced, done, eligible,
  /// call (a function decides)
  std::string verdict{};
  std::optional<std::string> tenant{};
  std::string instant{};  ///< the row's time; "": none; may be "infinity" or "-infinity"
  std::string cutoff{};   ///< what it must be older than
  std::string due{};      ///< too_young: when it will be old enough
  std::vector<bool>
      matches{};             ///< for each part of `where` (Condition::children of `all`, else it)
  std::int64_t hold = 0;     ///< held: the first hold
  std::string constraint{};  ///< referenced: the foreign key
  std::string child{};       ///< referenced: the table whose rows need it
  std::optional<ParkedRow> parked{};  ///< this version of the row was, by whichever run last
  std::string halted{};               ///< the gate is closed to the policy, with its reason
};

/// A target as whoever proves something, or asks after a row, sees it. Only reads; every
/// transaction is READ ONLY. Thread safety: none. Errors: StoreError; UserError.
class TargetProof {
 public:
  virtual ~TargetProof() = default;
  /// In the order of tasks and batches.
  virtual std::vector<LedgerLink> ledger_links(const LinkRange& range) = 0;
  /// Fences that count batches of which the ledger has none, by task. As LedgerHead without a hash.
  virtual std::vector<LedgerHead> fences_without_ledger(const ProofPage& page) = 0;
  /// One for each of `runs`, by run; zeros for what the ledger does not know.
  virtual std::vector<RunSums> run_sums(const std::vector<std::string>& runs) = 0;
  /// The newest first.
  virtual std::vector<LedgerRow> ledger(const LedgerFilter& filter) = 0;
  virtual RunEvidence evidence(const std::string& run) = 0;
  virtual Verification verification(const RunToProve& run) = 0;

  /// Nothing when there is no such row. Throws UserError (bad_config) for a table, column or value
  /// that is not there or cannot be read; (usage) when the key fits several rows.
  virtual std::optional<FoundRow> find_row(const TableName& table, const RowKey& key) = 0;
  /// Why the policy's next run would leave the row, or that it would not.
  virtual RowVerdict judge_row(const Policy& policy, const TableName& table, const RowKey& key) = 0;
  /// Whether a role ("": this connection's) is one that workers may connect as. Throws UserError
  /// (not_found) for one that is not there.
  virtual Finding check_role(const std::string& role) = 0;
  /// What that role lacks to do what the policy asks, one finding each with the GRANT to run; a
  /// single good one when it lacks nothing.
  virtual std::vector<Finding> check_rights(const Policy& policy, const std::string& role) = 0;
};

}  // namespace lethe
