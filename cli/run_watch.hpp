#pragma once

#include <string>

#include "cli/progress.hpp"
#include "cli/services.hpp"
#include "cli/start_time.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {

/// True for the states in which a run stays for ever.
[[nodiscard]] bool has_ended(const RunRow& run);

/// "satisfied: 12,345 rows in 67 batches, 3.2 s, 3,857 rows/s". Pure.
[[nodiscard]] std::string end_line(const RunRow& run);

/// done when satisfied, refused when a guard refused it, failed otherwise. Pure.
[[nodiscard]] ExitCode end_code(const RunRow& run);

/// What a progress line says of a run. Pure.
[[nodiscard]] Progress progress_of(const RunRow& run, const RateMeter& rate);

/// How progress is shown on standard error: not at all for a program that reads JSON.
[[nodiscard]] ProgressDrawer::Style progress_style(const Terminal& terminal, bool is_json);

/// Makes a run of a stored policy, to start at `start`. Throws UserError (not_found, or refused
/// when it is disabled, has an open run or would expire before it starts).
[[nodiscard]] StartedRun fire_policy(Services& services, const std::string& name,
                                     const StartTime& start = {});

/// Follows a run until it has ended and shows its progress on standard error, its end on standard
/// output. Ctrl-C ends the watching and not the run (then ExitCode::failed). Throws UserError
/// (not_found) when there is no such run.
[[nodiscard]] ExitCode watch_run(Services& services, const std::string& id);

/// After a run was made, or found to be open already: follows it when `wait`, else says how to.
[[nodiscard]] ExitCode report_new_run(Services& services, const StartedRun& run, bool wait);

}  // namespace lethe::cli
