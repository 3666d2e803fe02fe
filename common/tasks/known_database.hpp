#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/tasks/task.hpp"

namespace lethe {

/// What a transaction on a target saw of its database.
struct SeenDatabase {
  DatabaseIdentity identity;
  bool has_task = true;    ///< the fence of KnownDatabase::task is there
  bool has_ledger = true;  ///< the row KnownDatabase::ledger is there
};

/// Why a database is not the one that is known, or lacks what is known of it: a copy, a restored
/// backup, a standby that took over, a wrong address. "" when nothing speaks against it, or nothing
/// is known. Pure.
[[nodiscard]] std::string database_problem(const KnownDatabase& known, const SeenDatabase& seen);

/// What a target's clock showed, between two instants of this process's steady clock.
struct TargetClock {
  std::int64_t us = 0;  ///< since 1970
  std::chrono::steady_clock::time_point asked{};
  std::chrono::steady_clock::time_point answered{};
};

/// How far the target's clock is from the control database's when that is certainly more than
/// `limit`, with the cure; else "". A reading that was not made says nothing. Pure.
[[nodiscard]] std::string clock_problem(const ClockReading& control, const TargetClock& target,
                                        std::chrono::seconds limit);

}  // namespace lethe
