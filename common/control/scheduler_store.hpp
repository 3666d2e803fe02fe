#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/policies/policy.hpp"
#include "common/schedule/schedule.hpp"

namespace lethe {

/// A policy whose next firing has come.
struct DuePolicy {
  std::string name;
  std::string spec_text;  ///< JSON, without the tenants' overrides
  std::int64_t epoch = 0;
  Instant fire_cursor;  ///< instants up to here are accounted for
  Instant now;          ///< the control database's clock
};

/// What to record for one due policy: the newest due instant runs, older ones were missed.
struct Firing {
  std::string policy;
  std::string target;
  std::string spec_text;
  std::int64_t epoch = 0;
  std::string retain;           ///< interval text
  std::vector<Instant> missed;  ///< recorded as skipped, oldest first
  Instant scheduled_for;
  std::optional<Instant> next;  ///< nothing: never again
  Overlap overlap = Overlap::skip;
  bool run_newest = true;  ///< false: it is too late for it; only record it
};

/// What became of a firing.
struct Fired {
  bool leads = false;        ///< false: the term was over, and nothing was done
  std::string run{};         ///< the run that was made, with its plan task; "": none
  std::int32_t skipped = 0;  ///< instants that were recorded as skipped
};

/// A task that was taken back.
struct Rescue {
  std::string task;
  std::string run;
  std::int64_t worker = 0;
  std::string why;
  bool dead = false;  ///< became a dead letter
};

/// A term of leadership.
struct Term {
  std::string holder;
  std::int64_t number = 0;
};

/// How long what has ended is kept.
struct KeepDays {
  std::int32_t history = 14;  ///< 1..3650
  std::int32_t dead = 30;     ///< 1..3650
};

/// PORT: who leads. Thread safety: none. Errors: StoreError.
class Leadership {
 public:
  virtual ~Leadership() = default;
  /// Takes or renews the leadership for `length`. Nothing when somebody else leads.
  virtual std::optional<Term> campaign(const std::string& holder,
                                       std::chrono::milliseconds length) = 0;
  virtual void resign(const Term& term) = 0;
};

/// PORT: what only the leader does. Every call proves the term inside its transaction and does
/// nothing, returning an empty result, when the term is over.
/// Thread safety: none. Errors: StoreError.
class SchedulerStore {
 public:
  virtual ~SchedulerStore() = default;

  /// By name, those whose names come after `after` ("": all).
  virtual std::vector<DuePolicy> due_policies(std::int32_t policies_max,
                                              const std::string& after) = 0;
  /// Records the instants and makes the run with its plan task. Nothing is recorded when the policy
  /// changed or the instants are there already; no run is made when the one before is still open or
  /// it is too late for it.
  virtual Fired fire(const Term& term, const Firing& firing) = 0;
  /// How many scheduled tasks became ready.
  virtual std::int32_t promote(const Term& term, std::int32_t tasks_max) = 0;
  /// Takes tasks back from workers that are lost; with `deadlines` also from those that hang, which
  /// means reading every lease.
  virtual std::vector<Rescue> rescue(const Term& term, std::chrono::milliseconds worker_ttl,
                                     std::int32_t tasks_max, bool deadlines) = 0;
  /// How many tasks were past their deadline.
  virtual std::int32_t expire(const Term& term, std::int32_t tasks_max) = 0;
  /// Moves on runs that have no live task, and cancels what was added to cancelled ones; how many.
  virtual std::int32_t close_runs(const Term& term, std::int32_t runs_max) = 0;
  /// Moves the heads of the lanes, so that leasing does not read what was leased before.
  virtual void advance_lanes(const Term& term) = 0;
  /// Counts admitted tasks and looks for waiting ones anew, and admits; of every target, one by one
  /// as long as `goes_on` says so.
  virtual void recount(const Term& term, const std::function<bool()>& goes_on) = 0;
  /// Creates and drops partitions of history; forgets old workers, dead letters and tenants.
  virtual void keep_house(const Term& term, const KeepDays& days) = 0;
};

}  // namespace lethe
