#include "common/tasks/task_runner.hpp"

namespace lethe {

const char* to_string(TargetTrouble::Kind kind) noexcept {
  switch (kind) {
    case TargetTrouble::Kind::fenced: return "fenced";
    case TargetTrouble::Kind::halted: return "halted";
    case TargetTrouble::Kind::frozen: return "frozen";
    case TargetTrouble::Kind::closed: return "closed";
    case TargetTrouble::Kind::stale: return "stale";
    case TargetTrouble::Kind::expired: return "expired";
    case TargetTrouble::Kind::changed: return "changed";
    case TargetTrouble::Kind::unsupported: return "unsupported";
    case TargetTrouble::Kind::locked: return "locked";
    case TargetTrouble::Kind::timed_out: return "timed_out";
    case TargetTrouble::Kind::retryable: return "retryable";
    case TargetTrouble::Kind::unreachable: return "unreachable";
    case TargetTrouble::Kind::poisoned: return "poisoned";
    case TargetTrouble::Kind::permanent: return "permanent";
    case TargetTrouble::Kind::refused: return "refused";
  }
  return "unknown";
}

const char* to_string(Evidence evidence) noexcept {
  switch (evidence) {
    case Evidence::none: return "none";
    case Evidence::statistics: return "statistics";
    case Evidence::sample: return "sample";
    case Evidence::bounds: return "bounds";
  }
  return "unknown";
}

}  // namespace lethe
