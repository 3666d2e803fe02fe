#include "worker/dispatcher.hpp"

#include <stop_token>
#include <utility>

#include "common/store_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/worker/desk.hpp"

using namespace lethe;
using namespace lethe::worker;
using namespace std::chrono_literals;

using lethe::test::Desk;

namespace {

StoreError store_error(Failure failure) { return {failure, "items_turn", "08006", "gone"}; }

}  // namespace

TEST_CASE("nothing is leased before the worker is registered", "[dispatcher]") {
  Desk desk;
  desk.add("t");
  desk.dispatcher.run_once();
  CHECK(desk.queue.requests.empty());
  desk.heartbeat.run_once();
  desk.dispatcher.run_once();
  CHECK(desk.queue.requests.size() == 1);
}

TEST_CASE("nothing is leased while the last heartbeat is too old", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.clock.advance(20'001ms);
  desk.dispatcher.run_once();
  CHECK(desk.queue.requests.empty());
  desk.heartbeat.run_once();
  desk.dispatcher.run_once();
  CHECK(desk.queue.requests.size() == 1);
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
  CHECK(desk.queue.requests.size() == 1);
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
  REQUIRE(desk.queue.requests.size() == 2);
  CHECK(desk.queue.requests[1].tasks_max == 1);  // the other slot is the waiting task's
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
    desk.pool.wait_finished(1ms, {});
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

TEST_CASE("a turn settles and asks for the slots that this frees in one exchange", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  for (const char* id : {"a", "b", "c", "d"}) desk.add(id);
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(2);
  desk.target.open();
  while (desk.queue.ended.size() < 2) {
    desk.wait_finished();
    desk.dispatcher.run_once();
  }
  // The first turn had nothing to settle, each later one settled and asked at the same time.
  CHECK(static_cast<std::size_t>(desk.queue.exchanges) == desk.queue.requests.size());
  CHECK(desk.queue.settle_sizes.size() + 1 == desk.queue.requests.size());
  for (std::size_t i = 0; i < desk.queue.settle_sizes.size(); ++i)
    CHECK(static_cast<std::size_t>(desk.queue.requests[i + 1].tasks_max) ==
          desk.queue.settle_sizes[i]);
}

TEST_CASE("the queue is asked with the lanes and for the length that were set", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.dispatcher.run_once();
  REQUIRE(desk.queue.requests.size() == 1);
  CHECK(desk.queue.requests[0].lanes == std::vector<std::string>{"urgent", "normal"});
  CHECK(desk.queue.requests[0].length == 120s);
  CHECK(desk.queue.requests[0].worker == WorkerId{1});
}

TEST_CASE("a queue is not called when there is nothing to settle and no slot is free",
          "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("a");
  desk.add("b");
  desk.dispatcher.run_once();
  desk.dispatcher.run_once();
  CHECK(desk.queue.exchanges == 1);
}

TEST_CASE("a drain settles and asks for nothing", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  for (const char* id : {"a", "b", "c"}) desk.add(id);
  desk.dispatcher.run_once();
  std::stop_source drain;
  drain.request_stop();
  desk.dispatcher.run(drain.get_token(), {});
  CHECK(desk.queue.ended.size() == 2);
  CHECK(desk.queue.requests.size() == 1);
}

TEST_CASE("a drain gives back what waits for its run without reading the run", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.queue.context_failures = 1'000;
  CHECK_THROWS_AS(desk.dispatcher.run_once(), StoreError);
  std::stop_source drain;
  drain.request_stop();
  desk.dispatcher.run(drain.get_token(), {});
  CHECK(desk.queue.outcomes == std::vector<Outcome>{Outcome::release});
  CHECK(desk.queue.context_failures == 999);
}

TEST_CASE("a worker whose lease got no answer comes back under a new id", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.queue.after_lease = [failed = false]() mutable {
    if (!std::exchange(failed, true)) throw store_error(Failure::commit_unknown);
  };
  CHECK_THROWS_AS(desk.dispatcher.run_once(), StoreError);
  CHECK(desk.queue.items.at("t").leased);  // and this worker does not know
  desk.dispatcher.run_once();
  CHECK(desk.queue.requests.size() == 1);
  CHECK(desk.presence.given_up() == WorkerId{1});
  desk.heartbeat.run_once();
  CHECK(desk.registry.left == std::vector<std::int64_t>{1});
  desk.queue.rescue("t");
  desk.dispatcher.run_once();
  CHECK(desk.queue.requests.size() == 2);
  CHECK(desk.queue.items.at("t").task.lease.worker == WorkerId{2});
}

TEST_CASE("a worker that may hold unknown leases first settles what is in hand", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("a");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(1);
  desk.add("b");
  desk.queue.after_lease = [failed = false]() mutable {
    if (!std::exchange(failed, true)) throw store_error(Failure::commit_unknown);
  };
  CHECK_THROWS_AS(desk.dispatcher.run_once(), StoreError);
  desk.dispatcher.run_once();
  CHECK(desk.queue.requests.size() == 2);
  CHECK(desk.presence.worker() == WorkerId{1});
  desk.target.open();
  desk.wait_finished();
  desk.dispatcher.run_once();
  CHECK(desk.queue.ended.at("a").settlement.lease.worker == WorkerId{1});
  CHECK(desk.presence.given_up() == WorkerId{1});
}

TEST_CASE("a lease that was rolled back leaves the worker its id", "[dispatcher]") {
  for (const Failure failure : {Failure::connection_lost, Failure::retryable}) {
    Desk desk;
    desk.heartbeat.run_once();
    desk.queue.after_lease = [failure] { throw store_error(failure); };
    CHECK_THROWS_AS(desk.dispatcher.run_once(), StoreError);
    CHECK_THROWS_AS(desk.dispatcher.run_once(), StoreError);
    CHECK(desk.presence.worker() == WorkerId{1});
  }
}

TEST_CASE("a drain keeps its id whatever it may hold because it says goodbye anyway",
          "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.queue.after_lease = [] { throw store_error(Failure::commit_unknown); };
  CHECK_THROWS_AS(desk.dispatcher.run_once(), StoreError);
  std::stop_source drain;
  drain.request_stop();
  desk.dispatcher.run(drain.get_token(), {});
  CHECK(desk.presence.worker() == WorkerId{1});
  desk.heartbeat.leave();
  CHECK(desk.registry.left == std::vector<std::int64_t>{1});
}

TEST_CASE("a task whose run is gone is settled with its own target", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.queue.has_runs = false;
  desk.add("t");
  desk.dispatcher.run_once();
  const auto& end = desk.queue.ended.at("t");
  CHECK(end.outcome == Outcome::dead);
  CHECK(end.settlement.error == "its run is gone");
  CHECK(end.settlement.target == "app");
}

TEST_CASE("a repeat of a settlement that took effect is recognised", "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.dispatcher.run_once();
  desk.wait_finished();
  desk.queue.around_settle = [failed = false](bool before) mutable {
    if (!before && !std::exchange(failed, true)) throw store_error(Failure::commit_unknown);
  };
  CHECK_THROWS_AS(desk.dispatcher.run_once(), StoreError);
  desk.dispatcher.run_once();
  CHECK(desk.queue.answers == std::vector<Settled>{Settled::yes, Settled::already});
  CHECK(desk.queue.outcomes == std::vector<Outcome>{Outcome::done});
}

TEST_CASE("a settlement after somebody else leased the task is lost and not a repeat",
          "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.dispatcher.run_once();
  desk.wait_finished();
  desk.queue.rescue("t");
  desk.queue.steal("t", WorkerId{9});
  desk.dispatcher.run_once();
  CHECK(desk.queue.answers == std::vector<Settled>{Settled::lease_lost});
  CHECK(desk.queue.items.at("t").task.lease.worker == WorkerId{9});
}

TEST_CASE("a step that would begin after everything was cancelled does not reach the target",
          "[dispatcher]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.pool.cancel_running();
  desk.dispatcher.run_once();
  desk.wait_finished();
  CHECK(desk.target.calls() == 0);
  desk.dispatcher.run_once();
  CHECK(desk.queue.outcomes == std::vector<Outcome>{Outcome::release});
}
