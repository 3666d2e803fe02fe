#include "common/control/operator_store.hpp"

namespace lethe {

const char* to_string(PauseScope scope) noexcept {
  switch (scope) {
    case PauseScope::all: return "all";
    case PauseScope::target: return "target";
    case PauseScope::policy: return "policy";
    case PauseScope::tenant: return "tenant";
  }
  return "unknown";
}

}  // namespace lethe
