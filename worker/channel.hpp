#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/clock.hpp"
#include "common/control/control_bus.hpp"
#include "common/mailbox.hpp"
#include "common/random.hpp"
#include "common/supervision/supervision.hpp"
#include "common/tasks/task_queue.hpp"
#include "proto/control_messages.hpp"
#include "worker/executor_pool.hpp"
#include "worker/presence.hpp"

namespace lethe::worker {

/// This worker's side of the messages: tells every scheduler how far it is, and hears from them
/// that there is something to do or to look up. All of it may get lost, come twice or late: the
/// worker asks the database by itself as well, and does what that says. Runs on a thread of its
/// own, which owns the connections and asks no database. Source: proto/PROTOCOL.md.
class Channel {
 public:
  struct Options {
    WorkerInfo info;
    std::chrono::milliseconds interval{1'000};   ///< between two beats
    std::chrono::milliseconds pause{200};        ///< at least, also when there is progress to tell
    std::chrono::milliseconds ready_pause{100};  ///< at least, between two words of one target
    std::chrono::milliseconds retry{1'000};      ///< after the connections broke
    std::chrono::milliseconds silence{10'000};   ///< of a scheduler, then it is connected to anew
    std::function<void()> on_wake{};             ///< called on its thread
    LoopMark mark{};                             ///< of its turns
  };

  /// All are borrowed and must outlive the channel; the client and `random` are its thread's.
  Channel(Options options, Clock& clock, Random& random, ControlClient& client, Presence& presence)
      : options_(std::move(options)),
        clock_(clock),
        random_(random),
        client_(client),
        presence_(presence) {}

  // From any thread; none of them waits.
  void set_schedulers(std::vector<SchedulerAddress> schedulers);
  void finished(const FinishedJob& job);
  void ready(const ReadyTasks& ready);
  /// Whether some scheduler has answered lately, and so would wake this worker.
  [[nodiscard]] bool is_woken() const;

  /// Works until `stop` is requested.
  void run(const std::stop_token& stop);

  /// One turn: what the other threads left, a beat when it is time, what schedulers say. Errors:
  /// BusError.
  void run_once();

 private:
  using Mail = std::variant<std::vector<SchedulerAddress>, wire::TaskProgress, wire::Ready>;

  void take(std::vector<SchedulerAddress>& schedulers);
  void take(wire::TaskProgress& progress);
  void take(wire::Ready& ready);
  void tell_ready(Clock::time_point now);
  void tell_one(const wire::Ready& ready);
  void take(const std::string& holder, const std::string& bytes);
  void leave_silent(Clock::time_point now);
  [[nodiscard]] bool is_due(Clock::time_point now) const;
  [[nodiscard]] std::chrono::milliseconds time_to_wait() const;
  void beat(Clock::time_point now);
  [[nodiscard]] std::string frame(wire::Message message);

  const Options options_;
  Clock& clock_;
  Random& random_;
  ControlClient& client_;
  Presence& presence_;

  Mailbox<Mail> mail_{1'000};
  std::atomic<Clock::time_point::rep> answered_at_{0};  // when a beat was answered last; 0: never

  // used by the channel's thread only
  struct Line {
    Clock::time_point made_at;
    std::optional<Clock::time_point> answered_at;
  };
  /// Tasks of one target that others may lease.
  struct Untold {
    wire::Ready ready;                ///< tasks 0: all was told
    Clock::time_point may_tell_at{};  ///< not sooner
  };
  std::map<std::string, Line> lines_;     ///< by the scheduler's holder
  std::map<std::string, Untold> untold_;  ///< by target; those lately told of as well
  std::size_t connections_ = 0;
  std::map<std::string, wire::TaskProgress> progress_;  ///< since the last beat, by task
  std::int32_t told_busy_ = 0;
  Clock::time_point beaten_at_{};
  std::uint64_t sequence_ = 0;
};

}  // namespace lethe::worker
