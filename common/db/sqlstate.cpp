#include "common/db/sqlstate.hpp"

namespace lethe::db {

Failure classify(std::string_view sqlstate) noexcept {
  if (sqlstate == "57014") return Failure::timed_out;        // statement_timeout or a cancel
  if (sqlstate == "55P03") return Failure::locked;           // lock_timeout or NOWAIT
  if (sqlstate == "25006") return Failure::connection_lost;  // read-only: a standby took our place
  if (sqlstate == "53300") return Failure::connection_lost;  // too many: this one was not to be had
  const std::string_view error_class = sqlstate.substr(0, 2);
  if (error_class == "40" || error_class == "53") return Failure::retryable;
  if (error_class == "08" || error_class == "57") return Failure::connection_lost;
  return Failure::rejected;
}

}  // namespace lethe::db
