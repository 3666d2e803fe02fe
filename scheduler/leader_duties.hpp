#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/control/scheduler_store.hpp"
#include "common/random.hpp"
#include "common/supervision/supervision.hpp"
#include "scheduler/lead.hpp"
#include "scheduler/leader_status.hpp"

namespace lethe::scheduler {

/// Something that only the leader does, again and again.
struct Duty {
  std::string name;                    ///< for the log
  std::chrono::milliseconds interval;  ///< from the end of one round to the next
  std::function<void(const Lead&)> run_once;
  std::chrono::milliseconds retry_max{60'000};  ///< longest pause after a failure, without jitter
};

/// Campaigns for the leadership and carries out its duties while, and only while, it leads.
///
/// The term is trusted from before the call that won it until a fifth before its end, by this
/// process's steady clock. That only gives up early: each duty proves the term again inside its
/// own transaction. It is renewed between any two duties, and by those that take long. One failing
/// duty does not stop the others; those that are longest overdue come first, so that what loses the
/// term again and again keeps no other from its turn. Thread safety: none.
/// Source: docs/adr/0002-database-owns-time.md.
class LeaderDuties {
 public:
  struct Options {
    std::string holder;  ///< unique among all processes there ever are
    std::chrono::milliseconds term{15'000};
    std::chrono::milliseconds tick{200};
    std::chrono::milliseconds standby{2'000};  ///< between campaigns of one that does not lead
  };

  /// Who looks on; both are borrowed and must outlive the object.
  struct Watchers {
    Supervision& supervision;  ///< of the campaigns and of each duty, which rests while it follows
    LeaderStatus& status;
  };

  /// All are borrowed and must outlive the object.
  LeaderDuties(Options options, Clock& clock, Random& random, Leadership& leadership,
               const std::vector<Duty>& duties, const Watchers& watchers);

  /// Campaigns and leads until `stop` is requested, then resigns.
  void run(const std::stop_token& stop);

  /// One turn: campaign when it is time, then the duties that are due. True while it leads.
  bool run_once();

  /// Gives the leadership up, so that another scheduler need not wait for the term's end.
  void resign();

 private:
  struct DutyState {
    Duty duty;
    Clock::time_point due;
    LoopMark mark{};
    int failures = 0;                 ///< in a row
    std::chrono::nanoseconds took{};  ///< its last round
  };

  void campaign();
  /// Renews the term when it is time, or when it is not to be trusted for as long as `needed`, and
  /// gives it up when it is not to be trusted any more. Whether it leads.
  bool keep_lead(std::chrono::nanoseconds needed = {});
  /// All duties, the longest overdue first; those of the same time as they were given.
  [[nodiscard]] std::vector<DutyState*> in_turn();
  void lead(const Term& term);
  void lose(const std::string& why);
  void carry_out(DutyState& state);

  const Options options_;
  Clock& clock_;
  Random& random_;
  Leadership& leadership_;
  LeaderStatus& status_;
  const LoopMark mark_;  // of the campaigns
  std::vector<DutyState> duties_;

  std::optional<Term> term_;    ///< while it leads
  std::int64_t last_term_ = 0;  ///< in which it led last; 0: it never did
  Clock::time_point trust_until_;
  Clock::time_point renew_at_;
};

}  // namespace lethe::scheduler
