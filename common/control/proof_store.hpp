#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lethe {

// What the control database knows that a proof is made of. Instants are ISO 8601 UTC text.

/// An entry of the audit.
struct AuditRow {
  std::int64_t id = 0;
  std::string at{};
  std::string actor{};
  std::string action{};
  std::string object{};
  std::string detail{};
  std::string hash{};
};

struct AuditFilter {
  std::string action{};         ///< "" is any; one that ends in "." stands for all that begin so
  std::string object{};         ///< "" is any
  std::int32_t rows_max = 100;  ///< 1..10000
};

/// An entry of the audit as a link of its chain.
struct AuditLink {
  std::int64_t id = 0;
  std::string prev_hash{};
  std::string hash{};
  std::string computed{};  ///< the hash that it ought to have
};

/// Where the audit ended at some moment; id 0: before the first entry.
struct AuditHead {
  std::int64_t id = 0;
  std::string hash{};
  friend bool operator==(const AuditHead&, const AuditHead&) = default;
};

/// How much of an ended task must be in the ledger.
struct LedgerHead {
  std::string task{};
  std::string run{};
  std::int64_t batches = 0;  ///< without a hash: at least so many
  std::int64_t rows = 0;
  std::optional<std::string> hash{};  ///< of the last batch; nothing: no worker lived to tell
};

/// Rows and batches of a run, by whoever counts.
struct RunSums {
  std::string run{};
  std::int64_t batches = 0;
  std::int64_t rows = 0;
};

/// What is to be looked at, page by page.
struct ProofPage {
  std::string after{};          ///< task or run; "": from the first
  std::string run{};            ///< of this run alone; "" is any
  std::int32_t rows_max = 100;  ///< 1..10000
};

/// What a run was made with.
struct RunOrigin {
  std::string as_of{};  ///< timestamptz text, UTC
  std::string expire_at{};
  std::int64_t policy_epoch = 0;  ///< 0: ad hoc
  std::string verify_payload{};   ///< msgpack; "": it was never planned
};

/// The control database as whoever proves something sees it. Only reads.
/// Thread safety: none. Errors: StoreError.
class ProofStore {
 public:
  virtual ~ProofStore() = default;
  /// The newest first.
  virtual std::vector<AuditRow> audit_entries(const AuditFilter& filter) = 0;
  /// What the audit says of a run and its tasks, the oldest first; at most 1000.
  virtual std::vector<AuditRow> audit_of_run(const std::string& run) = 0;
  /// By id, from the first after `after`.
  virtual std::vector<AuditLink> audit_links(std::int64_t after, std::int32_t rows_max) = 0;
  /// Nothing when the row that says so is gone.
  virtual std::optional<AuditHead> audit_head() = 0;
  /// By task.
  virtual std::vector<LedgerHead> ledger_heads(const std::string& target,
                                               const ProofPage& page) = 0;
  /// Those of `tasks` that this database has never heard of.
  virtual std::vector<std::string> unknown_tasks(const std::string& target,
                                                 const std::vector<std::string>& tasks) = 0;
  /// Runs that have ended and have deleted something, by id.
  virtual std::vector<RunSums> ended_runs(const std::string& target, const ProofPage& page) = 0;
  /// Nothing for a run that is not there.
  virtual std::optional<RunOrigin> run_origin(const std::string& run) = 0;
};

}  // namespace lethe
