#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace lethe {

/// By how much the firings of a policy are late on purpose, so that ten thousand nightly policies
/// do not start in one second: always the same for a name, from 0 to below `jitter_seconds` (0:
/// none).
[[nodiscard]] std::chrono::seconds jitter_offset(std::string_view policy,
                                                 std::int64_t jitter_seconds) noexcept;

}  // namespace lethe
