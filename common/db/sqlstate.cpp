#include "common/db/sqlstate.hpp"

namespace lethe::db {

Remedy remedy_for(std::string_view sqlstate) noexcept {
  constexpr std::size_t whole = 5;
  if (sqlstate.size() != whole) return Remedy::stop;
  for (const SqlstateRule& rule : sqlstate_rules)
    if (rule.code == sqlstate) return rule.remedy;
  for (const SqlstateRule& rule : sqlstate_rules)
    if (rule.code == sqlstate.substr(0, 2)) return rule.remedy;
  return Remedy::bisect;
}

Failure classify(std::string_view sqlstate) noexcept {
  switch (remedy_for(sqlstate)) {
    case Remedy::retry: return Failure::retryable;
    case Remedy::shrink: return Failure::timed_out;
    case Remedy::wait: return Failure::locked;
    case Remedy::reconnect: return Failure::connection_lost;
    case Remedy::bisect:
    case Remedy::stop: return Failure::rejected;
  }
  return Failure::rejected;
}

}  // namespace lethe::db
