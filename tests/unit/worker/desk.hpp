#pragma once

#include <memory>
#include <string>

#include "proto/task_payload.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_task_runner.hpp"
#include "tests/support/memory_task_queue.hpp"
#include "tests/support/memory_worker_registry.hpp"
#include "worker/dispatcher.hpp"
#include "worker/heartbeat.hpp"
#include "worker/watchdog.hpp"

namespace lethe::test {

/// The parts of a worker with a clock that the test moves. Only the executors have threads.
struct Desk {
  FakeClock clock;
  SeededRandom random{1};
  MemoryTaskQueue queue;
  MemoryWorkerRegistry registry;
  FakeTarget target;
  worker::Presence presence{std::chrono::seconds(20)};
  worker::ExecutorPool pool{
      {.slots = 2, .batch_target = std::chrono::milliseconds(250)}, clock, presence, [this] {
        return std::make_unique<FakeTaskRunner>(target);
      }};
  worker::Dispatcher dispatcher{
      {.idle_poll = std::chrono::milliseconds(1), .lanes = {"urgent", "normal"}, .targets = {}},
      clock,
      random,
      queue,
      pool,
      presence};
  worker::Heartbeat heartbeat{
      {.info = {}, .interval = std::chrono::seconds(5)}, clock, random, registry, presence};
  worker::Watchdog watchdog{{}, clock, presence, pool};

  ~Desk() { target.open(); }
  Desk() = default;
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  void add(const std::string& id, TaskKind kind = TaskKind::clean) {
    TaskPayload payload;
    payload.work.emplace();
    queue.add(id, kind, encode(payload));
  }
  void wait_finished() { pool.wait_finished(std::chrono::seconds(10), {}); }
  /// Lets time pass while heartbeats succeed.
  void live_for(std::chrono::milliseconds duration) {
    clock.advance(duration);
    heartbeat.run_once();
  }
};

}  // namespace lethe::test
