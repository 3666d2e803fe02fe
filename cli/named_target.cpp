#include "cli/named_target.hpp"

#include <fmt/format.h>

#include "common/store_error.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {

template <class Call>
auto NamedTarget::named(const Call& call) -> decltype(call()) {
  try {
    return call();
  } catch (const StoreError& error) {
    if (error.failure() == Failure::connection_lost)
      throw UserError(ExitCode::unreachable,
                      fmt::format("cannot reach target '{}': {}", name_, error.detail()));
    throw UserError(ExitCode::failed, fmt::format("target '{}': {}", name_, error.detail()));
  }
}

bool NamedTarget::install() {
  return named([&] { return target_->install(); });
}

std::string NamedTarget::install_sql() {
  return named([&] { return target_->install_sql(); });
}

std::vector<Finding> NamedTarget::check() {
  return named([&] { return target_->check(); });
}

void NamedTarget::check_policy(const Policy& policy, const std::string& field) {
  named([&] { target_->check_policy(policy, field); });
}

Census NamedTarget::census(const Policy& policy) {
  return named([&] { return target_->census(policy); });
}

void NamedTarget::set_gate(const std::string& policy, std::int64_t epoch, bool halted,
                           const std::string& reason) {
  named([&] { target_->set_gate(policy, epoch, halted, reason); });
}

void NamedTarget::halt(bool halted, const std::string& reason) {
  named([&] { target_->halt(halted, reason); });
}

LedgerTotals NamedTarget::ledger_totals(const std::string& run) {
  return named([&] { return target_->ledger_totals(run); });
}

}  // namespace lethe::cli
