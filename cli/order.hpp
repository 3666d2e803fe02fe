#pragma once

#include <string>

#include "cli/services.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {

/// Has a command (control_store.hpp, OperatorCommand) carried out by the control database, under an
/// id of its own, and says what became of it and how soon it is felt. Throws UserError (refused,
/// not_found) with the reason when it was not done.
[[nodiscard]] ExitCode give_order(Services& services, const std::string& verb,
                                  const std::string& object);

}  // namespace lethe::cli
