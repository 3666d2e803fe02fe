#pragma once

// Private to common/db.

#include <optional>
#include <string>

#include "common/db/transact.hpp"

namespace lethe::db {

/// A run as it is made; its cutoff is frozen by the control database's clock at that moment.
struct NewRun {
  std::string id;
  std::string policy;  ///< "" for an ad-hoc run
  std::int64_t policy_epoch = 0;
  std::string target;
  std::string spec_text;
  std::string retain;  ///< interval text
  std::optional<std::string> scheduled_for;
  std::string requested_by;
  std::string skipped_because;  ///< not "": the run is only a record that it did not run
};

/// False when this instant of this policy has a run already.
[[nodiscard]] bool insert_run(Transaction& transaction, const NewRun& run);

}  // namespace lethe::db
