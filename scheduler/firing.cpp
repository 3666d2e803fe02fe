#include "scheduler/firing.hpp"

#include <stdexcept>
#include <utility>

#include "common/logging.hpp"
#include "common/policies/policy_json.hpp"
#include "common/schedule/jitter.hpp"
#include "common/schedule/schedule.hpp"
#include "common/store_error.hpp"

namespace lethe::scheduler {

namespace {

constexpr std::size_t instants_max = 1'000;
constexpr std::chrono::seconds lateness_max{60};  // then nobody was there for it
constexpr std::int32_t policies_max = 100;
constexpr std::size_t refused_max = 10'000;

}  // namespace

std::optional<Firing> plan_firing(const DuePolicy& due) {
  const Policy policy = policy_from_json(due.spec_text);
  if (policy.schedule.empty()) return std::nullopt;
  const Schedule schedule = Schedule::parse(policy.schedule, policy.timezone);
  // Instants are nominal; with jitter each counts as come so much later.
  const auto offset = jitter_offset(policy.name, policy.jitter_seconds);
  auto instants = schedule.between(due.fire_cursor, due.now - offset, instants_max);
  if (instants.empty()) return std::nullopt;
  const Instant newest = instants.back();
  instants.pop_back();
  const auto next = schedule.next_after(due.now - offset);
  return Firing{
      .policy = due.name,
      .target = policy.target,
      .spec_text = due.spec_text,
      .epoch = due.epoch,
      .retain = to_interval(policy.retain),
      .missed = std::move(instants),
      .scheduled_for = newest,
      .next = next ? std::optional(*next + offset) : std::nullopt,
      .overlap = policy.overlap,
      .run_newest = policy.missed == Missed::once || due.now - (newest + offset) <= lateness_max};
}

void FiringDuty::run_once(const Term& term) {
  // Page by page: policies that can never fire stay due, and must not hold up the others.
  for (std::string after;;) {
    const auto page = store_.due_policies(policies_max, after);
    for (const DuePolicy& due : page) fire_or_refuse(term, due);
    if (page.size() < static_cast<std::size_t>(policies_max)) return;
    after = page.back().name;
  }
}

void FiringDuty::fire_or_refuse(const Term& term, const DuePolicy& due) {
  try {
    fire(term, due);
  } catch (const std::invalid_argument& error) {
    refuse(due, error.what());
  } catch (const StoreError& error) {
    if (error.failure() != Failure::rejected) throw;
    refuse(due, error.what());
  }
}

void FiringDuty::fire(const Term& term, const DuePolicy& due) {
  const auto firing = plan_firing(due);
  if (!firing) return;
  const std::string run = store_.fire(term, *firing);
  if (run.empty()) {
    log_event(LogLevel::info, "not_fired",
              {{"policy", due.name}, {"scheduled_for", to_iso8601(firing->scheduled_for)}});
    return;
  }
  log_event(LogLevel::info, "fired",
            {{"policy", due.name},
             {"run", run},
             {"scheduled_for", to_iso8601(firing->scheduled_for)},
             {"missed", firing->missed.size()}});
}

void FiringDuty::refuse(const DuePolicy& due, const std::string& why) {
  if (refused_.size() >= refused_max) refused_.clear();
  const auto [known, is_new] = refused_.try_emplace(due.name, due.epoch);
  if (!is_new && known->second == due.epoch) return;
  known->second = due.epoch;
  log_event(LogLevel::error, "policy_cannot_fire",
            {{"policy", due.name}, {"epoch", due.epoch}, {"error", why}});
}

}  // namespace lethe::scheduler
