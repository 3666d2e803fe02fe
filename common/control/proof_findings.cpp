#include "common/control/proof_findings.hpp"

namespace lethe {

const char* to_string(ProofFinding::Kind kind) noexcept {
  switch (kind) {
    case ProofFinding::Kind::edited: return "edited";
    case ProofFinding::Kind::missing: return "missing";
    case ProofFinding::Kind::reordered: return "reordered";
    case ProofFinding::Kind::inserted: return "inserted";
    case ProofFinding::Kind::note: return "note";
  }
  return "edited";
}

void ProofFindings::add(ProofFinding::Kind kind, std::string where, std::string what) {
  if (kind != ProofFinding::Kind::note) ++wrong_;
  if (kept_.size() < kept_max)
    kept_.push_back({.kind = kind, .where = std::move(where), .what = std::move(what)});
}

}  // namespace lethe
