#include "common/control/target_database.hpp"

#include <algorithm>

#include "common/tasks/strategy_cost.hpp"

namespace lethe {

double foreign_key_cost_ms(const ForeignKey& key, double rows) {
  constexpr double us_a_ms = 1'000;
  const double look_up = key.missing_indexes.empty()
                             ? cost::key_check
                             : cost::key_check +
                                   static_cast<double>(key.child_blocks) * cost::scanned_block +
                                   std::max(0.0, key.child_rows) * cost::scanned_row;
  return std::max(0.0, rows) * look_up / us_a_ms;
}

}  // namespace lethe
