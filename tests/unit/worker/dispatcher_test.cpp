#include "worker/dispatcher.hpp"

#include <atomic>
#include <stop_token>

#include "common/store_error.hpp"
#include "proto/task_payload.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_task_runner.hpp"
#include "tests/support/memory_task_queue.hpp"
#include "tests/support/memory_worker_registry.hpp"
#include "worker/heartbeat.hpp"

using namespace lethe;
using namespace lethe::worker;
using namespace std::chrono_literals;

namespace {

/// A dispatcher with a clock that the test moves.
struct Desk {
  test::FakeClock clock;
  SeededRandom random{1};
  test::MemoryTaskQueue queue;
  test::MemoryWorkerRegistry registry;
  test::FakeTarget target;
  Presence presence{20s};
  ExecutorPool pool{{.slots = 2, .batch_target = 250ms}, clock, presence, [this] {
                      return std::make_unique<test::FakeTaskRunner>(target);
                    }};
  Dispatcher dispatcher{
      {.idle_poll = 1ms, .lanes = {"normal"}, .targets = {}}, clock, random, queue, pool, presence};
  Heartbeat heartbeat{{.info = {}, .interval = 5s}, clock, random, registry, presence};

  void add(const std::string& id) {
    TaskPayload payload;
    payload.work.emplace();
    queue.add(id, TaskKind::clean, encode(payload));
  }
  void wait_finished() { pool.wait_finished(10s, {}); }
};

}  // namespace

TEST_CASE("nothing is leased before the worker is registered", "[dispatcher]") {
  Desk desk;
  desk.add("t");
  desk.dispatcher.run_once();
  CHECK(desk.queue.leases == 0);
  desk.heartbeat.run_once();
  desk.dispatcher.run_once();
  CHECK(desk.queue.leases == 1);
}

TEST_CASE("nothing is leased while the last heartbeat is too old", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.clock.advance(20'001ms);
  desk.dispatcher.run_once();
  CHECK(desk.queue.leases == 0);
  desk.heartbeat.run_once();
  desk.dispatcher.run_once();
  CHECK(desk.queue.leases == 1);
}

TEST_CASE("a heartbeat that failed does not count", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.clock.advance(15s);
  desk.registry.set_unreachable(true);
  CHECK_THROWS_AS(desk.heartbeat.run_once(), StoreError);
  desk.clock.advance(6s);
  CHECK_FALSE(desk.presence.trusted(desk.clock.now()).has_value());
}

TEST_CASE("no more is leased than there are free slots", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  for (const char* id : {"a", "b", "c"}) desk.add(id);
  desk.dispatcher.run_once();
  CHECK(desk.presence.busy() == 2);
  desk.dispatcher.run_once();
  CHECK(desk.queue.leases == 1);
  desk.target.open();
}

TEST_CASE("what a lost worker had finished is not settled under its new id", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.dispatcher.run_once();
  desk.wait_finished();
  desk.registry.lose_all();
  desk.heartbeat.run_once();
  desk.dispatcher.run_once();
  CHECK(desk.presence.worker() == WorkerId{2});
  CHECK(desk.queue.settle_sizes.empty());
}

TEST_CASE("tasks are handed out later when their run could not be read", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.queue.context_failures = 1;
  CHECK_THROWS_AS(desk.dispatcher.run_once(), StoreError);
  desk.dispatcher.run_once();
  desk.wait_finished();
  desk.dispatcher.run_once();
  CHECK(desk.queue.outcomes == std::vector<Outcome>{Outcome::done});
}

TEST_CASE("settlements that pile up go out together", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("a");
  desk.add("b");
  desk.queue.around_settle = [failed = false](bool before) mutable {
    if (!before || std::exchange(failed, true)) return;
    throw StoreError(Failure::retryable, "items_settle", "40001", "again");
  };
  desk.target.close();
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(2);
  desk.target.open();
  while (desk.queue.ended.size() < 2) {
    desk.wait_finished();
    try {
      desk.dispatcher.run_once();
    } catch (const StoreError&) {
      continue;  // kept, and sent again by the next turn
    }
  }
  CHECK(desk.queue.outcomes == std::vector<Outcome>{Outcome::done, Outcome::done});
}

TEST_CASE("a queue that rejects everything is asked ever more rarely", "[dispatcher]") {
  Desk desk;
  std::stop_source drain;
  int calls = 0;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.queue.around_settle = [&](bool) {
    if (++calls == 8) drain.request_stop();
    throw StoreError(Failure::rejected, "items_settle", "42P01", "no such table");
  };
  const auto started = desk.clock.now();
  desk.dispatcher.run(drain.get_token(), {});
  // 200 ms doubled seven times, less the jitter; then the drain gives up.
  CHECK(desk.clock.now() - started > 20s);
  CHECK(calls < 400);
}
