#pragma once

#include <string>
#include <vector>

#include "common/schedule/clock_watch.hpp"

namespace lethe::test {

/// A control database's clock that a test moves by hand.
class MemoryClockStore final : public ClockStore {
 public:
  ClockLook look() override { return shown; }
  void saw(const ClockLook& look) override { shown.seen = look.now; }
  void freeze(const std::string& reason) override { freezes.push_back(reason); }

  ClockLook shown{.now = Instant(std::chrono::hours(24 * 365)), .seen = {}};
  std::vector<std::string> freezes;
};

}  // namespace lethe::test
