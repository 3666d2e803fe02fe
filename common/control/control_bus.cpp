#include "common/control/control_bus.hpp"

namespace lethe {

const char* to_string(KeyRole role) noexcept {
  switch (role) {
    case KeyRole::worker: return "worker";
    case KeyRole::operator_of: return "operator";
    case KeyRole::viewer: return "viewer";
  }
  return "unknown";
}

}  // namespace lethe
