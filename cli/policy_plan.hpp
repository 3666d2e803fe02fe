#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/services.hpp"
#include "common/policies/policy.hpp"
#include "common/schedule/schedule.hpp"

namespace lethe::cli {

enum class Change { unchanged, added, changed };
[[nodiscard]] const char* to_string(Change change) noexcept;

struct PlannedTarget {
  TargetSpec spec{};
  std::optional<TargetRow> stored{};
  Change change = Change::unchanged;
};

struct PlannedPolicy {
  Policy policy{};
  std::string field{};                ///< where the file says it, e.g. "policies[0]"
  std::optional<PolicyRow> stored{};  ///< as it was read
  Change change = Change::unchanged;
};

/// What a file of policies would change.
struct PolicyPlan {
  std::vector<PlannedTarget> targets;
  std::vector<PlannedPolicy> policies;
};

/// Reads a policy file; "-" is standard input. Throws UserError.
[[nodiscard]] PolicyFile read_policy_file(Services& services, const std::string& name);

/// Compares the file with what is stored. Asks only the control database. Throws UserError
/// (not_found) for a policy whose target neither the file nor the database knows.
[[nodiscard]] PolicyPlan compare_policies(Stores& stores, const PolicyFile& file);

/// Carries a plan out. Every check of the whole plan comes first, so that an error there means that
/// nothing was changed.
class PolicyApplier {
 public:
  /// `plan` is borrowed.
  PolicyApplier(Services& services, const PolicyPlan& plan) : services_(services), plan_(plan) {}

  /// Proves that the plan can work. Throws UserError.
  void check();
  /// After check(): stores the targets, then each policy, its gate first: from the moment the gate
  /// has moved no batch acts on the old rule, even if the control database is lost in between.
  void apply();

 private:
  struct Step {
    const PlannedPolicy* planned = nullptr;
    std::optional<Instant> next{};
    TargetDatabase* target = nullptr;  ///< owned by connected_
    TargetDatabase* left = nullptr;    ///< the target it moves away from; nothing when it stays
    bool halted = false;               ///< the gate stays closed
  };
  [[nodiscard]] std::string url_of(const std::string& target);
  [[nodiscard]] TargetDatabase& connect(const std::string& name, const std::string& url);
  [[nodiscard]] Step make_step(const PlannedPolicy& planned, Instant now);
  void carry_out(const Step& step);

  Services& services_;
  const PolicyPlan& plan_;
  std::vector<Step> steps_;
  std::map<std::string, std::unique_ptr<TargetDatabase>> connected_;  // by name and URL
};

}  // namespace lethe::cli
