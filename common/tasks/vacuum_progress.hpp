#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lethe {

/// How far the vacuum of a run has come. It takes the relations in the order of their oids, goes
/// past one that it cannot vacuum, and tries all of those again when it is through. A value.
struct VacuumProgress {
  std::uint32_t last = 0;           ///< the oid up to which each relation was tried once
  std::vector<std::uint32_t> left;  ///< those of them that were not vacuumed, in order

  /// Keeps the outcome of one that was tried.
  void tried(std::uint32_t relation, bool done);

  /// Those of `relations` (oids in order) to try next: the ones beyond `last`, and when there is
  /// none those that were left.
  [[nodiscard]] std::vector<std::uint32_t> next_of(
      const std::vector<std::uint32_t>& relations) const;

  /// True when each of `relations` (oids in order) was tried.
  [[nodiscard]] bool is_through(const std::vector<std::uint32_t>& relations) const;

  friend bool operator==(const VacuumProgress&, const VacuumProgress&) = default;
};

/// One line, for the fence.
[[nodiscard]] std::string to_text(const VacuumProgress& progress);

/// The reverse. What is no number is left out: then relations are vacuumed once more.
[[nodiscard]] VacuumProgress to_vacuum_progress(const std::string& text);

}  // namespace lethe
