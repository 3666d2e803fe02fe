#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/services.hpp"
#include "common/schedule/schedule.hpp"

namespace lethe::cli {

/// When a run that is made by hand shall start, as typed; neither: at once.
struct StartTimeOptions {
  std::optional<std::string> at;
  std::optional<std::string> in;
  void add_to(const Command& command);
};

struct StartTime {
  std::string not_before;         ///< as StartOptions has it; "": at once
  std::chrono::seconds delay{0};  ///< from now until then, at least; a month counts 31 days
};

/// Reads --at or --in; only --at asks the control database for the time. Throws UserError (usage)
/// for what cannot be read, for both together and for an instant that has passed.
[[nodiscard]] StartTime start_time(Services& services, const StartTimeOptions& options);

/// Reads an ISO 8601 instant with its zone: "2026-11-21T03:00Z", "2026-11-21 03:00:00+01:00".
/// Throws std::invalid_argument with a cure.
[[nodiscard]] Instant parse_instant(const std::string& text);

/// Reads after how long a run expires, in seconds from 60 to 2592000. Throws std::invalid_argument
/// with a cure.
[[nodiscard]] std::int64_t parse_expiry(const std::string& text);

/// The longest that a run may be open.
inline constexpr std::chrono::seconds expiry_max{2'592'000};

}  // namespace lethe::cli
