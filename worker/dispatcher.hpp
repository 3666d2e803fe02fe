#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/random.hpp"
#include "common/store_error.hpp"
#include "common/supervision/supervision.hpp"
#include "common/tasks/task_queue.hpp"
#include "worker/executor_pool.hpp"
#include "worker/presence.hpp"

namespace lethe::worker {

/// Keeps the executors busy: settles what they finished and leases for the free slots, in one
/// exchange with the queue, and hands out. Owns no thread and is used by one. No transaction on the
/// control database is open while a target works, because the executors never come near the queue.
///
/// A settlement whose answer got lost is repeated until the queue answers; a repeat does no harm.
/// Tasks whose lease's answer got lost are leased by this worker without its knowing, and would
/// wait for their deadline. So it leases nothing more, settles what is in hand and comes back under
/// a new id: what the old one still holds is rescued at once. Source: docs/task_life_cycle.md.
class Dispatcher {
 public:
  struct Options {
    std::chrono::milliseconds lease_length{120'000};
    std::chrono::milliseconds idle_poll{500};
    std::chrono::milliseconds drain_timeout{25'000};
    std::vector<std::string> lanes;    ///< not empty
    std::vector<std::string> targets;  ///< empty: any
    /// Called on its thread for every step that ended.
    std::function<void(const FinishedJob&)> on_finished{};
    /// Whether somebody wakes it when there is something to do, so that it asks seldom by itself.
    std::function<bool()> is_woken{};
    LoopMark mark{};  ///< of its turns
  };

  /// All are borrowed and must outlive the dispatcher.
  Dispatcher(Options options, Clock& clock, Random& random, TaskQueue& queue, ExecutorPool& pool,
             Presence& presence)
      : options_(std::move(options)),
        clock_(clock),
        random_(random),
        queue_(queue),
        pool_(pool),
        presence_(presence) {}

  /// Works until `drain` is requested, then ends as drain() describes.
  void run(const std::stop_token& drain, const std::stop_token& cancel);

  /// One turn: settle and lease, hand out. Errors: StoreError; nothing is lost, the next turn goes
  /// on where this one failed.
  void run_once();

 private:
  /// Shared with the executors that work on the run.
  struct CachedContext {
    std::shared_ptr<const RunContext> run;
    Clock::time_point read_at;
  };

  /// Leases nothing more and returns when everything in hand is settled. Once `cancel` is requested
  /// or the drain timeout is over, running statements are cancelled. What cannot be settled a while
  /// after that is left to the scheduler's rescue.
  void drain(const std::stop_token& cancel);

  /// One turn and its only catch. The pause before the next one when the turn failed, else zero.
  [[nodiscard]] std::chrono::milliseconds guarded_turn();

  void notice_registration();
  void collect();
  void give_back_waiting();
  [[nodiscard]] std::optional<LeaseRequest> request() const;
  void exchange(const std::optional<LeaseRequest>& request);
  void hand_out();
  void renew_when_unsure();
  [[nodiscard]] std::shared_ptr<const RunContext> context_of(const LeasedTask& task);
  [[nodiscard]] bool idle() const;
  [[nodiscard]] std::chrono::milliseconds idle_pause();
  void log_failed_turn(const StoreError& error, std::chrono::milliseconds pause) const;

  const Options options_;
  Clock& clock_;
  Random& random_;
  TaskQueue& queue_;
  ExecutorPool& pool_;
  Presence& presence_;

  bool draining_ = false;
  bool unsure_ = false;                      // may hold leases of which it was not told
  std::int32_t failed_turns_ = 0;            // in a row
  WorkerId worker_;                          // whose leases these are
  std::vector<Settlement> unsettled_;        // at most one per slot, as is waiting_
  std::deque<Job> waiting_;                  // leased, and its run is not known yet
  std::map<RunId, CachedContext> contexts_;  // emptied when it grows too large
  std::int32_t handed_out_ = 0;
};

}  // namespace lethe::worker
