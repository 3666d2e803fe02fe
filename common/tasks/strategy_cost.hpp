#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/policies/policy.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe {

/// What work costs, in microseconds of the server's processor: measured on tables in memory with 8,
/// 35 and 107 rows to a block, of which 1 to 50 % were deleted. Only to be compared with each
/// other. docs/ARCHITECTURE.md, "Strategies".
namespace cost {
inline constexpr double swept_block = 2;     ///< reading one block
inline constexpr double listed_block = 200;  ///< the same on PostgreSQL 13, address by address
inline constexpr double swept_row = 0.15;    ///< judging one row of it
inline constexpr double swept_delete = 0.6;  ///< deleting one row on the way
inline constexpr double index_row = 3.5;     ///< finding one row by the index and deleting it
inline constexpr double keyed_row = 0.5;     ///< visiting one row by a key, neighbours on disk too
/// The same where the next row may be anywhere: a little more than in memory, where it is 5.
inline constexpr double scattered_row = 6;
inline constexpr double partition = 10'000;   ///< taking one away, however many rows it has
inline constexpr double key_check = 15;       ///< of one foreign key for one row, by an index
inline constexpr double scanned_block = 0.5;  ///< a block of a child without that index, each time
inline constexpr double scanned_row = 0.05;   ///< a row of it
}  // namespace cost

/// One way to clean a relation, and what it would cost.
struct Candidate {
  Strategy strategy = Strategy::sweep;
  std::string obstacle{};  ///< why this relation cannot be cleaned so, and the cure; "" when it can
  double rows = -1;        ///< that go; -1: unknown
  double blocks = -1;      ///< of the table that it reads, at most; -1: unknown
  double cost_ms = -1;     ///< of one session; -1: unknown
};

/// How one relation will be cleaned and what else there was to choose from.
struct ChosenStrategy {
  std::vector<Candidate> candidates;
  /// Nothing: no candidate can work here, or not the one that the policy pins; or the relation has
  /// no block, and there is nothing to do.
  std::optional<Strategy> chosen;
  std::string reason;  ///< one sentence; where nothing can work, with the cure
};

/// Every way to clean a relation that Lethe knows. A new strategy joins by a function beside those
/// of strategy_cost.cpp. Pure.
[[nodiscard]] std::vector<Candidate> candidates_for(const RelationFacts& relation,
                                                    const Policy& policy,
                                                    std::int32_t server_version);

/// What the policy pins; else the partition as a whole where that can be; else the cheapest
/// candidate that can work; a sweep where nothing is known, because it costs one pass whatever
/// turns out to be expired. What a plan does and what `lethe policy explain` shows. Pure.
[[nodiscard]] ChosenStrategy choose_strategy(const RelationFacts& relation, const Policy& policy,
                                             std::int32_t server_version);

/// Why no partition at all of the table can go as a whole although the policy asks for it, by
/// `partitions` or by pinning the strategy; "" when one can or none is to. Pure.
[[nodiscard]] std::string whole_obstacle(const std::vector<RelationFacts>& relations,
                                         const Policy& policy);

/// Why nothing of the table may be cleaned, whatever each relation's strategy: a pinned `partition`
/// that is impossible, or a right that is missing. "" when it may. Pure.
[[nodiscard]] std::string plan_refusal(const std::vector<RelationFacts>& relations,
                                       const Policy& policy);

/// The indexes that would lead to the expired rows of each timestamp column and do not exist, as
/// statements to paste; empty when none is missing, or when the relation goes as a whole or has no
/// block. Pure.
[[nodiscard]] std::vector<std::string> missing_indexes(const RelationFacts& relation,
                                                       const Policy& policy);

}  // namespace lethe
