#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lethe::bench {

/// What is measured, and how thoroughly.
struct Options {
  std::optional<std::string> pgmq_file;  ///< PGMQ's SQL; without it PGMQ is not measured
  std::string node_directory;            ///< where the peers of npm are installed; "" when nowhere
  std::string without_node;              ///< why they are not
  std::optional<double> seconds;         ///< of each timed part; none: as long as its goal says
  int repeats = 3;                       ///< of comparisons, of which the median counts
  int kills = 100;
  double scale = 1;  ///< of the numbers of tasks, where the goal does not fix them

  [[nodiscard]] std::int64_t tasks(std::int64_t full) const {
    return static_cast<std::int64_t>(static_cast<double>(full) * scale);
  }
};

}  // namespace lethe::bench
