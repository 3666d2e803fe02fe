#include "scheduler/leader_duties.hpp"

#include <algorithm>

#include "common/logging.hpp"
#include "common/store_error.hpp"

namespace lethe::scheduler {

namespace {

using std::chrono::milliseconds;

constexpr int renewals_per_term = 3;
constexpr int margin_per_term = 5;  // the last fifth of a term is not trusted
constexpr milliseconds renewal_retry{1'000};
constexpr milliseconds duty_retry_min{1'000};
constexpr const char* not_renewed = "it could not be renewed in time";

/// A campaign is tried again each second, so that in a term many have failed.
LoopLimits campaign_limits(const LeaderDuties::Options& options) {
  return {
      .success = std::max<milliseconds>(options.term, 4 * options.standby) + milliseconds(5'000),
      .turn = milliseconds(300'000)};
}

/// A duty that failed once or twice has not failed yet; its turns are those of the whole loop.
LoopLimits duty_limits(const Duty& duty) {
  constexpr std::chrono::hours never{24 * 365};
  constexpr milliseconds grace{60'000};
  return {.success = 2 * duty.interval + grace, .turn = never};
}

void log_failure(const char* event, const std::string& duty, const StoreError& error) {
  const bool ours = error.failure() == Failure::rejected;
  log_event(ours ? LogLevel::error : LogLevel::warn, event,
            {{"duty", duty}, {"failure", to_string(error.failure())}, {"error", error.what()}});
}

}  // namespace

LeaderDuties::LeaderDuties(Options options, Clock& clock, Random& random, Leadership& leadership,
                           const std::vector<Duty>& duties, const Watchers& watchers)
    : options_(std::move(options)),
      clock_(clock),
      random_(random),
      leadership_(leadership),
      status_(watchers.status),
      mark_(watchers.supervision.add("leadership", campaign_limits(options_))) {
  for (const Duty& duty : duties) {
    duties_.push_back({.duty = duty,
                       .due = {},
                       .mark = watchers.supervision.add(duty.name, duty_limits(duty)),
                       .failures = 0});
    duties_.back().mark.rest();
  }
}

void LeaderDuties::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const bool leads = run_once();
    clock_.wait_for(leads ? options_.tick : jittered(options_.standby, random_), stop);
  }
  resign();
}

bool LeaderDuties::run_once() {
  if (term_ && clock_.now() >= trust_until_) lose(not_renewed);
  mark_.turned();
  if (!term_ || clock_.now() >= renew_at_) campaign();
  for (DutyState* const state : in_turn()) {
    if (clock_.now() < state->due) continue;
    if (!keep_lead(state->took)) break;
    carry_out(*state);
  }
  return keep_lead();
}

bool LeaderDuties::keep_lead(std::chrono::nanoseconds needed) {
  const auto now = clock_.now();
  // Before the renewal too: others may have led since.
  if (term_ && now >= trust_until_) lose(not_renewed);
  if (term_ && (now >= renew_at_ || now + needed >= trust_until_)) campaign();
  if (term_ && clock_.now() >= trust_until_) lose(not_renewed);
  return term_.has_value();
}

std::vector<LeaderDuties::DutyState*> LeaderDuties::in_turn() {
  std::vector<DutyState*> states;
  for (DutyState& state : duties_) states.push_back(&state);
  std::stable_sort(states.begin(), states.end(),
                   [](const auto* a, const auto* b) { return a->due < b->due; });
  return states;
}

void LeaderDuties::resign() {
  if (!term_) return;
  try {
    leadership_.resign(*term_);
  } catch (const StoreError& error) {
    log_failure("resign_failed", "leadership", error);  // the term ends by itself
  }
  lose("resigned");
}

void LeaderDuties::campaign() {
  const auto before = clock_.now();
  try {
    const auto won = leadership_.campaign(options_.holder, options_.term);
    mark_.succeeded();
    if (!won) {
      if (term_) lose("another scheduler leads");
      return;
    }
    if (!term_ || term_->number != won->number) lead(*won);
    trust_until_ = before + options_.term - options_.term / margin_per_term;
    renew_at_ = before + options_.term / renewals_per_term;
    status_.leads(won->number, trust_until_);
  } catch (const StoreError& error) {
    log_failure("campaign_failed", "leadership", error);
    mark_.failed(error.what());
    renew_at_ = clock_.now() + jittered(renewal_retry, random_);
  }
}

void LeaderDuties::lead(const Term& term) {
  // Each new holder counts one up, as does one that comes back too late for its own term. When
  // nobody else led meanwhile, what waits and what fails goes on as it was.
  const bool nobody_between =
      last_term_ != 0 && (term.number == last_term_ || term.number == last_term_ + 1);
  term_ = term;
  last_term_ = term.number;
  for (DutyState& state : duties_) {
    if (!nobody_between) {
      state.due = clock_.now();
      state.failures = 0;
    }
    state.mark.resume();
  }
  log_event(LogLevel::info, "leading", {{"holder", term.holder}, {"term", term.number}});
}

void LeaderDuties::lose(const std::string& why) {
  log_event(LogLevel::info, "not_leading", {{"term", term_->number}, {"why", why}});
  term_.reset();
  status_.leads_no_more();
  for (const DutyState& state : duties_) state.mark.rest();
}

void LeaderDuties::carry_out(DutyState& state) {
  auto pause = state.duty.interval;
  const auto began = clock_.now();
  const Lead lead{.term = *term_, .keep = [this, number = term_->number] {
                    return keep_lead() && term_->number == number;
                  }};
  try {
    state.duty.run_once(lead);
    state.failures = 0;
    if (term_ && term_->number == lead.term.number) state.mark.succeeded();  // else it broke off
  } catch (const StoreError& error) {
    log_failure("duty_failed", state.duty.name, error);
    state.mark.failed(error.what());
    const auto backoff = duty_retry_min * (1 << std::min(state.failures, 10));
    pause = jittered(std::min(state.duty.retry_max, backoff), random_);
    ++state.failures;
  }
  state.took = clock_.now() - began;
  state.due = clock_.now() + pause;
}

}  // namespace lethe::scheduler
