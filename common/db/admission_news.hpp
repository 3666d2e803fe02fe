#pragma once

// Private to common/db.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/db/queue_steps.hpp"

namespace lethe::db {

/// What a worker's settlements mean for the admission of one target.
struct TargetNews {
  Touches::Tenants tenants;
  std::set<std::string> runs_over;  ///< no task of theirs seemed live
  std::int64_t rows = 0;            ///< that batches deleted or changed
  std::map<std::string, std::int64_t> rows_of_policies;
  std::optional<std::string> down;  ///< it could not be reached, and why
  bool up = false;                  ///< it answered while its circuit was not well
  std::string freeze;               ///< not "": its database is not the one that is known, and why
  LedgerPosition ledger;            ///< the newest row of its ledger that was committed
};

/// What a worker's settlements mean for the admission of targets. Known only to the worker that
/// settled until it is delivered; when that worker dies before, the scheduler's recount and its
/// look for runs without tasks find out.
class AdmissionNews {
 public:
  /// Of one target; made when it is not there.
  TargetNews& of(const std::string& target);
  [[nodiscard]] bool empty() const { return targets_.empty(); }
  /// How many tasks' ends are in it.
  [[nodiscard]] std::int64_t freed() const;
  [[nodiscard]] std::vector<std::string> target_names() const;
  void merge(const AdmissionNews& from);
  void forget(const std::vector<std::string>& targets);

  [[nodiscard]] const std::map<std::string, TargetNews>& targets() const { return targets_; }

 private:
  std::map<std::string, TargetNews> targets_;
};

/// Whether a delivery waits for the admission of a target that somebody else is at.
enum class Patience { wait, skip };

/// What a delivery did.
struct Delivery {
  std::vector<std::string> targets;  ///< for which it was done
  std::vector<ReadyTasks> admitted;
};

/// Locks the slots of the targets in `news` and of `also`, moves their circuits and runs, and
/// admits. Changes nothing outside the transaction, so a
/// delivery that failed can be repeated.
[[nodiscard]] Delivery deliver(Transaction& transaction, const AdmissionNews& news,
                               const std::vector<std::string>& also, IdMaker& ids,
                               Patience patience);

}  // namespace lethe::db
