#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace lethe {

/// A text key of one kind of row. Ids of different kinds do not convert into each other, so a
/// RunId can never be passed where a TaskId is meant. Empty means "none".
template <class Kind>
struct TextId {
  std::string value;
  friend auto operator<=>(const TextId&, const TextId&) = default;
};

using TaskId = TextId<struct TaskKindTag>;  ///< ULID, 26 characters, never changes
using RunId = TextId<struct RunKindTag>;    ///< ULID, 26 characters

/// A worker's registration: from a sequence, never reused. 0 means "not registered".
struct WorkerId {
  std::int64_t value = 0;
  friend auto operator<=>(const WorkerId&, const WorkerId&) = default;
};

}  // namespace lethe
