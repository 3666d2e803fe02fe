#pragma once

#include <functional>

#include "common/control/scheduler_store.hpp"

namespace lethe::scheduler {

/// What a duty is given for one round: the term, and the means to keep it while the round goes on.
struct Lead {
  Term term{};
  /// Renews the term when it is time; call it between any two transactions of a long round. False:
  /// this scheduler does not lead in that term any more, or must not trust that it does, so the
  /// round ends; what is left is found again by the next one. Never throws StoreError.
  std::function<bool()> keep = [] { return true; };
};

}  // namespace lethe::scheduler
