#include "scheduler/firing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

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
constexpr std::size_t refused_by_chance = 10;  // so many broken policies and nothing else are not

/// Whether a refusal with that SQLSTATE can come from what one policy says: its values, what they
/// break or exceed, a trigger's opinion of them. All others are about rights, the schema or the
/// server, and so about every policy: the statements are the same for all.
bool may_be_of_one_policy(std::string_view sqlstate) {
  constexpr std::string_view classes[] = {"21", "22", "23", "44", "54", "P0"};
  return std::find(std::begin(classes), std::end(classes), sqlstate.substr(0, 2)) !=
         std::end(classes);
}

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

void FiringDuty::run_once(const Lead& lead) {
  Round round;
  // Page by page: policies that can never fire stay due, and must not hold up the others.
  std::vector<DuePolicy> page;
  std::string after;
  do {
    page = store_.due_policies(policies_max, after);
    for (const DuePolicy& due : page)
      if (!lead.keep() || !try_one(lead.term, due, round)) return;
    if (!page.empty()) after = page.back().name;
  } while (page.size() >= static_cast<std::size_t>(policies_max));
  if (round.ours) throw *round.ours;
  if (round.refused >= refused_by_chance && round.refused == round.tried)
    throw StoreError(
        Failure::rejected, "firing", "",
        fmt::format("none of {} policies can fire; the last one: {}", round.tried, round.why));
}

bool FiringDuty::try_one(const Term& term, const DuePolicy& due, Round& round) {
  ++round.tried;
  try {
    return fire(term, due);
  } catch (const std::invalid_argument& error) {
    refuse(due, error.what(), round);
  } catch (const StoreError& error) {
    if (error.failure() != Failure::rejected) throw;
    refuse(due, error.what(), round);
    if (!round.ours && !may_be_of_one_policy(error.sqlstate())) round.ours = error;
  }
  return true;
}

bool FiringDuty::fire(const Term& term, const DuePolicy& due) {
  const auto firing = plan_firing(due);
  if (!firing) return true;
  const Fired fired = store_.fire(term, *firing);
  if (!fired.leads) return false;
  if (fired.run.empty()) {
    log_event(LogLevel::info, "not_fired",
              {{"policy", due.name},
               {"scheduled_for", to_iso8601(firing->scheduled_for)},
               {"skipped", fired.skipped}});
    return true;
  }
  log_event(LogLevel::info, "fired",
            {{"policy", due.name},
             {"run", fired.run},
             {"scheduled_for", to_iso8601(firing->scheduled_for)},
             {"missed", fired.skipped}});
  return true;
}

void FiringDuty::refuse(const DuePolicy& due, const std::string& why, Round& round) {
  ++round.refused;
  round.why = why;
  metrics_.refused();
  if (refused_.size() >= refused_max) refused_.clear();
  const auto [known, is_new] = refused_.try_emplace(due.name, due.epoch);
  if (!is_new && known->second == due.epoch) return;
  known->second = due.epoch;
  log_event(LogLevel::error, "policy_cannot_fire",
            {{"policy", due.name}, {"epoch", due.epoch}, {"error", why}});
}

}  // namespace lethe::scheduler
