#include "worker/worker.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "worker/presence.hpp"

namespace lethe::worker {

namespace {

/// Ends the dispatcher's wait from other threads, as long as there is a pool to wait for: it comes
/// later than they do, and goes earlier. Safe from any thread.
class Nudger {
 public:
  void nudge() {
    const std::lock_guard lock(mutex_);
    if (pool_ != nullptr) pool_->nudge();
  }

  /// The pool is there while this object is.
  class Reach {
   public:
    Reach(Nudger& nudger, ExecutorPool& pool) : nudger_(nudger) { nudger_.set(&pool); }
    ~Reach() { nudger_.set(nullptr); }
    Reach(const Reach&) = delete;
    Reach& operator=(const Reach&) = delete;

   private:
    Nudger& nudger_;
  };

 private:
  void set(ExecutorPool* pool) {
    const std::lock_guard lock(mutex_);
    pool_ = pool;
  }

  std::mutex mutex_;
  ExecutorPool* pool_ = nullptr;  // guarded by mutex_
};

using namespace std::chrono_literals;

/// A beat that fails is tried again at once, so that a fifth of these is a warning already.
constexpr LoopLimits heartbeat_limits{.success = 30s, .turn = 120s};
/// Longer than any exchange with the queue takes, its retries' pauses included, and than it waits
/// by itself, a fifth more included.
LoopLimits dispatcher_limits(std::chrono::milliseconds idle_poll) {
  return {.success = std::max<std::chrono::milliseconds>(60s, 2 * idle_poll), .turn = 180s};
}
/// It waits for nobody: executors ask servers to cancel on threads of their own.
constexpr LoopLimits watchdog_limits{.success = 60s, .turn = 300s};
/// Without it a worker finds its work by asking; it needs no scheduler to succeed.
constexpr LoopLimits channel_limits{.success = 60s, .turn = 60s};
/// Counted from the end of the lease: nothing that an executor does may outlast it for long.
constexpr LoopLimits executor_limits{.success = 60s, .turn = 300s};

std::vector<LoopMark> executor_marks(Supervision& supervision, std::int32_t slots) {
  std::vector<LoopMark> marks;
  for (std::int32_t i = 0; i < slots; ++i)
    marks.push_back(supervision.add("executor", executor_limits));
  return marks;
}

}  // namespace

void run_worker(const WorkerOptions& options, const WorkerPorts& ports,
                const std::stop_token& drain, const std::stop_token& cancel) {
  Presence presence(options.presence_trust);
  std::stop_source ending;  // by a signal, or because an operator wants it
  const std::stop_callback on_signal(drain, [&ending] { ending.request_stop(); });
  Nudger nudger;
  SeededRandom heartbeat_random;
  SeededRandom channel_random;
  ClockWatch clock_watch(options.clock, ports.clock, ports.clock_store);
  Channel::Options channel_options = options.channel;
  channel_options.on_wake = [&nudger] { nudger.nudge(); };
  channel_options.mark = ports.supervision.add("channel", channel_limits);
  Channel channel(channel_options, ports.clock, channel_random, ports.control, presence);
  ports.queue.tell_ready([&channel](const ReadyTasks& ready) { channel.ready(ready); });

  Heartbeat::Options heartbeat_options = options.heartbeat;
  heartbeat_options.clock_watch = &clock_watch;
  heartbeat_options.on_wanted = [&](Wanted wanted) {
    if (wanted == Wanted::stop) ending.request_stop();
    nudger.nudge();
  };
  heartbeat_options.on_schedulers = [&channel](std::vector<SchedulerAddress> schedulers) {
    channel.set_schedulers(std::move(schedulers));
  };
  heartbeat_options.mark = ports.supervision.add("heartbeat", heartbeat_limits);
  Heartbeat heartbeat(heartbeat_options, ports.clock, heartbeat_random, ports.registry, presence);
  {
    std::jthread talks([&channel](const std::stop_token& stop) { channel.run(stop); });
    std::jthread beats([&heartbeat](const std::stop_token& stop) { heartbeat.run(stop); });
    ExecutorPool::Options pool_options = options.pool;
    pool_options.metrics = &ports.metrics;
    pool_options.marks = executor_marks(ports.supervision, options.pool.slots);
    ports.metrics.set_slots(options.pool.slots);
    ExecutorPool pool(pool_options, ports.clock, presence, ports.make_runner);
    const Nudger::Reach reach(nudger, pool);
    Watchdog::Options watchdog_options = options.watchdog;
    watchdog_options.mark = ports.supervision.add("watchdog", watchdog_limits);
    Watchdog watchdog(watchdog_options, ports.clock, presence, pool);
    std::jthread watch([&watchdog](const std::stop_token& stop) { watchdog.run(stop); });
    SeededRandom random;
    Dispatcher::Options dispatcher_options = options.dispatcher;
    dispatcher_options.on_finished = [&channel](const FinishedJob& job) { channel.finished(job); };
    dispatcher_options.is_woken = [&channel] { return channel.is_woken(); };
    dispatcher_options.mark =
        ports.supervision.add("dispatcher", dispatcher_limits(dispatcher_options.idle_poll));
    CountedQueue queue(ports.queue, ports.metrics);
    Dispatcher dispatcher(dispatcher_options, ports.clock, random, queue, pool, presence);
    dispatcher.run(ending.get_token(), cancel);
  }  // the watchdog ends first, then the executors, then the heartbeat and the channel
  ports.queue.tell_ready({});
  heartbeat.leave();
}

}  // namespace lethe::worker
