#include "worker/worker.hpp"

#include <atomic>
#include <future>
#include <stop_token>
#include <thread>

#include "common/store_error.hpp"
#include "proto/task_payload.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_task_runner.hpp"
#include "tests/support/memory_clock_store.hpp"
#include "tests/support/memory_control.hpp"
#include "tests/support/memory_task_queue.hpp"
#include "tests/support/memory_worker_registry.hpp"

using namespace lethe;
using namespace std::chrono_literals;

namespace {

std::string sweep_payload() {
  TaskPayload payload;
  payload.work.emplace();
  return encode(payload);
}

BatchDone batch_of(std::int64_t batches, std::int64_t rows, bool finished) {
  BatchDone batch = test::FakeTarget::done(finished);
  batch.totals = {.batches = batches, .rows = rows};
  return batch;
}

StoreError store_error(Failure failure) { return {failure, "items_settle", "08006", "gone"}; }

/// A whole worker on a thread of its own, with everything around it in memory.
struct Fleet {
  SystemClock clock;
  test::MemoryTaskQueue queue;
  test::MemoryWorkerRegistry registry;
  test::FakeTarget target;
  test::MemoryClockStore clock_store;
  test::MemoryControlClient control;
  Supervision supervision{clock};
  worker::WorkerMetrics metrics;
  worker::WorkerOptions options;
  std::stop_source drain;
  std::stop_source cancel;
  std::jthread thread;

  Fleet() {
    options.heartbeat.interval = 1ms;
    options.pool.slots = 4;
    options.dispatcher.idle_poll = 1ms;
    options.dispatcher.lanes = {"normal"};
    options.watchdog.interval = 1ms;
  }
  ~Fleet() {
    target.open();
    drain.request_stop();
  }
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  void start() {
    thread = std::jthread([this] {
      worker::run_worker(
          options,
          {.clock = clock,
           .queue = queue,
           .registry = registry,
           .make_runner = [this] { return std::make_unique<test::FakeTaskRunner>(target); },
           .clock_store = clock_store,
           .control = control,
           .supervision = supervision,
           .metrics = metrics},
          drain.get_token(), cancel.get_token());
    });
  }
  void stop() {
    drain.request_stop();
    thread.join();
  }
  void wait_for_ends(std::size_t count) {
    queue.wait_until([&](auto& now) { return now.ended.size() >= count; });
  }
};

}  // namespace

TEST_CASE("a worker carries every task to its end", "[worker]") {
  Fleet fleet;
  std::atomic<int> batches{0};
  fleet.target.batch = [&](const LeaseToken& lease) {
    ++batches;
    return batch_of(lease.epoch, 10 * lease.epoch, lease.epoch == 3);
  };
  for (int i = 0; i < 20; ++i)
    fleet.queue.add("t" + std::to_string(i), TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.wait_for_ends(20);
  fleet.stop();
  CHECK(batches == 60);
  for (const auto& [id, end] : fleet.queue.ended) {
    CHECK(end.outcome == Outcome::done);
    CHECK(end.settlement.rows == 30);
    CHECK(end.settlement.target == "app");
  }
}

TEST_CASE("a plan is settled together with the tasks that it made", "[worker]") {
  Fleet fleet;
  PlanFacts facts;
  facts.server_version = 150'018;
  facts.bounds.not_after = "2026-01-01 00:00:00+00";
  RelationFacts relation;
  relation.relation = 5;
  relation.blocks = 2'000;
  facts.relations.push_back(relation);
  fleet.target.facts = facts;
  fleet.queue.add("plan", TaskKind::plan, "");
  fleet.start();
  fleet.wait_for_ends(1);
  fleet.stop();
  const auto& plan = fleet.queue.ended.at("plan").settlement.plan;
  REQUIRE(plan.has_value());
  REQUIRE(plan->tasks.size() == 3);
  CHECK(plan->tasks[0].id.value.size() == 26);
  CHECK(plan->tasks[0].id != plan->tasks[1].id);
  const auto payload = std::get<TaskPayload>(decode_task_payload(plan->tasks[2].payload));
  CHECK(payload.bounds.not_after == "2026-01-01 00:00:00+00");
  CHECK(payload.work->block_to == 2'000);
  const auto verify = std::get<TaskPayload>(decode_task_payload(plan->verify_payload));
  CHECK(verify.bounds.not_after == "2026-01-01 00:00:00+00");
  CHECK_FALSE(verify.work.has_value());
}

TEST_CASE("a task that can never work is dead with a reason", "[worker]") {
  Fleet fleet;
  fleet.queue.add("damaged", TaskKind::clean, "x");
  fleet.queue.add("empty", TaskKind::clean, "");
  fleet.start();
  fleet.wait_for_ends(2);
  fleet.stop();
  for (const auto& [id, end] : fleet.queue.ended) {
    CHECK(end.outcome == Outcome::dead);
    CHECK(end.settlement.error.find("the task's payload is damaged") == 0);
  }
}

TEST_CASE("a task without its run is dead", "[worker]") {
  Fleet fleet;
  fleet.queue.has_runs = false;
  fleet.queue.add("t", TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.wait_for_ends(1);
  fleet.stop();
  CHECK(fleet.queue.ended.at("t").settlement.error == "its run is gone");
  CHECK(fleet.queue.ended.at("t").settlement.target == "app");
}

TEST_CASE("a drain finishes the batch in hand and leases nothing more", "[worker]") {
  Fleet fleet;
  fleet.options.pool.slots = 1;
  fleet.target.close();
  fleet.target.batch = [](const LeaseToken&) { return batch_of(1, 9, false); };
  fleet.queue.add("a", TaskKind::clean, sweep_payload());
  fleet.queue.add("b", TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.target.wait_for_calls(1);
  fleet.drain.request_stop();
  // Beats go on while the last batch runs, and say that this is the end.
  fleet.registry.wait_until([](auto& now) { return now.draining; });
  fleet.target.open();
  fleet.thread.join();
  CHECK(fleet.queue.outcomes == std::vector<Outcome>{Outcome::again});
  CHECK(fleet.queue.items.size() == 2);
  for (const auto& [id, item] : fleet.queue.items) CHECK_FALSE(item.leased);
  CHECK(fleet.registry.left == std::vector<std::int64_t>{1});
}

TEST_CASE("a second signal cancels the batch and gives the task back", "[worker]") {
  Fleet fleet;
  fleet.options.pool.slots = 1;
  fleet.target.close();
  fleet.queue.add("t", TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.target.wait_for_calls(1);
  fleet.drain.request_stop();
  fleet.cancel.request_stop();
  fleet.thread.join();
  CHECK(fleet.queue.outcomes == std::vector<Outcome>{Outcome::release});
  CHECK(fleet.queue.items.at("t").task.batch_size == 0);
}

TEST_CASE("a drain that takes too long cancels the batch", "[worker]") {
  Fleet fleet;
  fleet.options.dispatcher.drain_timeout = 1ms;
  fleet.options.pool.slots = 1;
  fleet.target.close();
  fleet.queue.add("t", TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.target.wait_for_calls(1);
  fleet.stop();
  CHECK(fleet.queue.outcomes == std::vector<Outcome>{Outcome::release});
}

TEST_CASE("a worker that was declared lost works on under a new id", "[worker]") {
  Fleet fleet;
  fleet.target.close();
  fleet.queue.add("old", TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.target.wait_for_calls(1);
  fleet.registry.lose_all();
  fleet.registry.wait_until([](auto& now) { return now.last_id == 2; });
  fleet.queue.rescue("old");
  fleet.target.open();
  fleet.wait_for_ends(1);
  fleet.stop();
  CHECK(fleet.queue.ended.at("old").settlement.lease.worker == WorkerId{2});
  CHECK(fleet.registry.left == std::vector<std::int64_t>{2});
}

TEST_CASE("a settlement whose answer got lost is repeated and counts once", "[worker]") {
  for (const bool lost_before : {true, false}) {
    Fleet fleet;
    std::atomic<int> failures{0};
    fleet.queue.around_settle = [&](bool before) {
      if (before == lost_before && failures < 2 && ++failures > 0)
        throw store_error(lost_before ? Failure::connection_lost : Failure::commit_unknown);
    };
    fleet.queue.add("t", TaskKind::clean, sweep_payload());
    fleet.start();
    // One call that took effect, and a repeat of it where its answer was lost twice.
    fleet.queue.wait_until(
        [&](auto& now) { return now.answers.size() == (lost_before ? 1U : 3U); });
    fleet.stop();
    CHECK(failures == 2);
    CHECK(fleet.queue.outcomes == std::vector<Outcome>{Outcome::done});
    CHECK(fleet.queue.answers.back() == (lost_before ? Settled::yes : Settled::already));
  }
}

TEST_CASE("a cancel that the heartbeat heard of ends the task after its batch", "[worker]") {
  Fleet fleet;
  fleet.target.close();
  fleet.target.batch = [](const LeaseToken&) { return batch_of(1, 9, false); };
  fleet.queue.add("t", TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.target.wait_for_calls(1);
  fleet.registry.cancel(TaskId{"t"});
  int beats = 0;
  fleet.registry.wait_until([&](auto& now) {
    if (beats == 0) beats = now.beats;
    return now.beats >= beats + 2;
  });
  fleet.target.open();
  fleet.wait_for_ends(1);
  fleet.stop();
  CHECK(fleet.queue.ended.at("t").outcome == Outcome::cancel);
  CHECK(fleet.queue.ended.at("t").settlement.rows == 9);
}

TEST_CASE("a worker waits for a registry that does not answer and then works", "[worker]") {
  Fleet fleet;
  fleet.registry.set_unreachable(true);
  fleet.queue.add("t", TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.registry.wait_until([](auto& now) { return now.refused >= 2; });
  fleet.registry.set_unreachable(false);
  fleet.wait_for_ends(1);
  fleet.stop();
  CHECK(fleet.queue.outcomes == std::vector<Outcome>{Outcome::done});
}

TEST_CASE("neither a hung heartbeat nor a hung settlement keeps SQL alive", "[worker]") {
  Fleet fleet;
  fleet.options.pool.slots = 2;
  fleet.options.presence_trust = 1s;
  fleet.registry.set_hanging(true);
  fleet.target.close();
  std::promise<void> go_on;
  fleet.queue.around_settle = [&, future = go_on.get_future().share()](bool before) {
    if (before) future.wait();
  };
  fleet.queue.add("ends", TaskKind::clean, "x");
  fleet.queue.add("runs", TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.target.wait_for_calls(1);
  fleet.target.wait_for_cancels(1);  // while the dispatcher and the heartbeat both hang
  fleet.registry.set_hanging(false);
  go_on.set_value();
  fleet.registry.wait_until([](auto& now) { return now.last_id == 2; });
  fleet.wait_for_ends(1);
  fleet.queue.rescue("runs");
  fleet.target.open();
  fleet.wait_for_ends(2);
  fleet.stop();
  CHECK(fleet.queue.ended.at("runs").settlement.lease.worker == WorkerId{2});
  CHECK(fleet.registry.left == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("a worker whose lease got no answer registers anew at once", "[worker]") {
  Fleet fleet;
  fleet.options.heartbeat.interval = 1h;
  std::atomic<bool> failed{false};
  fleet.queue.after_lease = [&] {
    if (!failed.exchange(true)) throw store_error(Failure::commit_unknown);
  };
  fleet.start();
  fleet.registry.wait_until([](auto& now) { return now.last_id == 2; });
  fleet.queue.add("t", TaskKind::clean, sweep_payload());
  fleet.wait_for_ends(1);
  fleet.stop();
  CHECK(fleet.registry.left == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("a quiet worker leases nothing and leases again when it is told to", "[worker]") {
  Fleet fleet;
  fleet.target.batch = [](const LeaseToken& lease) { return batch_of(lease.epoch, 10, true); };
  fleet.registry.want(Wanted::quiet);
  fleet.start();
  int beats = 0;
  fleet.registry.wait_until([&](auto& now) {
    beats = now.beats;
    return beats > 2;
  });
  fleet.queue.add("t", TaskKind::clean, sweep_payload());
  fleet.registry.wait_until([&](auto& now) { return now.beats > beats + 20; });
  std::size_t ended = 1;
  fleet.queue.wait_until([&](auto& now) {
    ended = now.ended.size();
    return true;
  });
  CHECK(ended == 0);
  fleet.registry.want(Wanted::running);
  fleet.wait_for_ends(1);
  fleet.stop();
  CHECK(fleet.queue.ended.at("t").outcome == Outcome::done);
}

TEST_CASE("a worker that is told to stop settles what it has in hand and ends", "[worker]") {
  Fleet fleet;
  fleet.target.batch = [](const LeaseToken& lease) { return batch_of(lease.epoch, 10, true); };
  fleet.queue.add("t", TaskKind::clean, sweep_payload());
  fleet.start();
  fleet.wait_for_ends(1);
  fleet.registry.want(Wanted::stop);
  fleet.thread.join();
  CHECK(fleet.registry.left.size() == 1);
}

TEST_CASE("a worker that may wait long for work may be as long without a turn", "[worker]") {
  for (const auto& [idle_poll, limit] :
       {std::pair{500ms, 60'000ms}, std::pair{60'000ms, 120'000ms}}) {
    Fleet fleet;
    fleet.options.dispatcher.idle_poll = idle_poll;
    fleet.start();
    fleet.stop();
    const auto report = fleet.supervision.report();
    const auto dispatcher =
        std::find_if(report.loops.begin(), report.loops.end(),
                     [](const auto& loop) { return loop.name == "dispatcher"; });
    REQUIRE(dispatcher != report.loops.end());
    CHECK(dispatcher->limits.success == limit);
    CHECK(dispatcher->limits.turn > dispatcher->limits.success);
  }
}
