#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/user_error.hpp"

namespace lethe::cli {

/// How many letters must be added, removed or replaced to turn `a` into `b`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The name that somebody who wrote `wrong` most likely meant; "" when none is near (more than half
/// of the letters differ).
[[nodiscard]] std::string nearest(const std::string& wrong, const std::vector<std::string>& names);

/// "no policy 'exections'; did you mean 'executions-90d'?", with ExitCode::not_found. Without a
/// near name the message points to `list_command`.
[[nodiscard]] UserError not_found(const std::string& kind, const std::string& name,
                                  const std::vector<std::string>& names,
                                  const std::string& list_command);

}  // namespace lethe::cli
