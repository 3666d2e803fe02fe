#pragma once

#include <stdexcept>
#include <string>

namespace lethe {

/// How a command of Lethe ends. The numbers are part of the interface (docs/cli.md).
enum class ExitCode : int {
  done = 0,
  failed = 1,
  usage = 2,
  refused = 3,  ///< a guard said no
  not_found = 4,
  unreachable = 69,  ///< a database does not answer (EX_UNAVAILABLE)
  bad_config = 78,   ///< a file or setting is wrong (EX_CONFIG)
};

/// Something the user can mend: bad input, a thing that is not there, a guard that said no. The
/// message is one line that names the field and the cure, and nothing has been changed.
class UserError : public std::runtime_error {
 public:
  UserError(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

}  // namespace lethe
