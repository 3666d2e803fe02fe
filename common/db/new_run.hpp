#pragma once

// Private to common/db.

#include <optional>
#include <string>

#include "common/db/transact.hpp"
#include "common/policies/policy.hpp"

namespace lethe::db {

/// A run as it is made; its cutoff is frozen by the control database's clock at that moment.
struct NewRun {
  std::string id;
  Policy spec;
  std::int64_t policy_epoch = 0;  ///< 0 for an ad-hoc run
  std::optional<std::string> scheduled_for;
  std::string requested_by;
  std::string skipped_because;  ///< not "": the run is only a record that it did not run
  bool queued = false;          ///< waits until the policy's open run has ended
  bool spec_is_stored = false;  ///< the run gets what lethe.policies has at that epoch, overrides
                                ///< included; `spec` is the same without them
  std::string source_id;        ///< dedup key, "" for none
  std::optional<std::int64_t> acknowledged{};  ///< rows that a person saw; ad hoc only
};

/// The tenant whose share of the fleet a run takes: its only one, else "".
[[nodiscard]] std::string tenant_of(const Policy& spec);

/// False when this instant of this policy has a run already.
[[nodiscard]] bool insert_run(Transaction& transaction, const NewRun& run);

}  // namespace lethe::db
