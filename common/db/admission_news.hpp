#pragma once

// Private to common/db.

#include <map>
#include <set>
#include <string>

#include "common/db/queue_steps.hpp"

namespace lethe::db {

/// What a worker's settlements mean for the admission of targets. Known only to the worker that
/// settled until it is delivered; when that worker dies before, the scheduler's recount and its
/// look for runs without tasks find out.
struct AdmissionNews {
  Touches touches;
  std::set<std::string> runs_over;          ///< no task of theirs seemed live
  std::map<std::string, std::string> down;  ///< targets that could not be reached, and why
  std::set<std::string> up;                 ///< targets that answered while their circuit was not well
};

/// Locks the slots of the targets in `news` and of `also`, moves circuits and runs, and admits.
/// Changes nothing outside the transaction, so a delivery that failed can be repeated.
void deliver(Transaction& transaction, const AdmissionNews& news,
             const std::vector<std::string>& also, IdMaker& ids);

}  // namespace lethe::db
