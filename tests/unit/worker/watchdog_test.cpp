#include "worker/watchdog.hpp"

#include <atomic>
#include <future>

#include "common/store_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/worker/desk.hpp"

using namespace lethe;
using namespace lethe::worker;
using namespace std::chrono_literals;
using lethe::test::Desk;

TEST_CASE("a worker that is silent for too long cancels its SQL and forgets its leases",
          "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("t");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(1);
  desk.clock.advance(20'001ms);
  desk.watchdog.run_once();
  desk.wait_finished();
  desk.dispatcher.run_once();
  CHECK(desk.queue.settle_sizes.empty());
  CHECK(desk.presence.worker() == WorkerId{});
  CHECK(desk.presence.busy() == 0);
}

TEST_CASE("a silent worker leaves under its old id and works on under a new one", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("t");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(1);
  desk.clock.advance(20'001ms);
  desk.watchdog.run_once();
  desk.wait_finished();
  desk.dispatcher.run_once();
  desk.heartbeat.run_once();
  CHECK(desk.registry.left == std::vector<std::int64_t>{1});
  CHECK(desk.registry.running == std::set<std::int64_t>{2});
  desk.target.open();
  desk.queue.rescue("t");
  desk.dispatcher.run_once();
  desk.wait_finished();
  desk.dispatcher.run_once();
  CHECK(desk.queue.ended.at("t").outcome == Outcome::done);
  CHECK(desk.queue.ended.at("t").settlement.lease.worker == WorkerId{2});
}

TEST_CASE("an order that came while a worker was cut off holds when it is back", "[watchdog]") {
  const auto wanted = GENERATE(Wanted::quiet, Wanted::stop);
  Desk desk;
  desk.heartbeat.run_once();
  desk.clock.advance(20'001ms);
  desk.registry.want(wanted);
  desk.watchdog.run_once();
  desk.heartbeat.run_once();
  CHECK(desk.registry.last_info.previous == WorkerId{1});
  CHECK(desk.presence.worker() == WorkerId{2});
  CHECK(desk.presence.wanted() == wanted);
}

TEST_CASE("a worker registers anew only when its last registration has left", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  // Given up while the beat is on its way, whose answer is that nobody knows this worker.
  desk.registry.before_beat = [&] {
    desk.registry.lose_all();
    desk.presence.give_up(WorkerId{1});
  };
  desk.heartbeat.run_once();
  CHECK(desk.presence.worker() == WorkerId{2});
  CHECK(desk.registry.left == std::vector<std::int64_t>{1});
}

TEST_CASE("a worker whose heartbeats are committed keeps its SQL", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("t");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(1);
  desk.live_for(15s);
  desk.clock.advance(20s);
  desk.watchdog.run_once();
  CHECK(desk.presence.worker() == WorkerId{1});
  desk.target.open();
  desk.wait_finished();
  desk.heartbeat.run_once();
  desk.dispatcher.run_once();
  CHECK(desk.queue.outcomes == std::vector<Outcome>{Outcome::done});
}

TEST_CASE("a heartbeat that was tried but not committed does not count", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.clock.advance(15s);
  desk.registry.set_unreachable(true);
  CHECK_THROWS_AS(desk.heartbeat.run_once(), StoreError);
  desk.clock.advance(6s);
  desk.watchdog.run_once();
  CHECK(desk.presence.given_up() == WorkerId{1});
}

TEST_CASE("a heartbeat that is committed too late does not bring the old id back", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.clock.advance(20'001ms);
  desk.watchdog.run_once();
  desk.presence.beaten(WorkerId{1}, desk.clock.now(), {});
  CHECK(desk.presence.worker() == WorkerId{});
  desk.presence.lost(WorkerId{1});
  CHECK(desk.presence.given_up() == WorkerId{1});
  desk.heartbeat.run_once();
  CHECK(desk.presence.worker() == WorkerId{2});
  desk.presence.beaten(WorkerId{1}, desk.clock.now(), {TaskId{"t"}});
  desk.presence.lost(WorkerId{1});
  CHECK(desk.presence.worker() == WorkerId{2});
  CHECK_FALSE(desk.presence.is_cancelled(TaskId{"t"}));
}

TEST_CASE("an id that was given up leaves before another one is registered", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.presence.give_up(WorkerId{1});
  desk.registry.set_unreachable(true);
  CHECK_THROWS_AS(desk.heartbeat.run_once(), StoreError);
  CHECK(desk.presence.given_up() == WorkerId{1});
  CHECK(desk.registry.last_id == 1);
  desk.registry.set_unreachable(false);
  desk.heartbeat.run_once();
  CHECK(desk.presence.given_up() == WorkerId{});
  CHECK(desk.registry.left == std::vector<std::int64_t>{1});
  CHECK(desk.presence.worker() == WorkerId{2});
}

TEST_CASE("a draining worker that was silent leaves and does not come back", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.presence.set_draining();
  desk.clock.advance(20'001ms);
  desk.watchdog.run_once();
  desk.heartbeat.run_once();
  desk.heartbeat.run_once();
  desk.heartbeat.leave();
  CHECK(desk.registry.left == std::vector<std::int64_t>{1});
  CHECK(desk.registry.last_id == 1);
}

TEST_CASE("a step is cancelled a little before its lease ends and others go on", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("early");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(1);
  desk.live_for(60s);
  desk.add("late");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(2);
  desk.live_for(54'999ms);
  desk.watchdog.run_once();
  CHECK(desk.target.cancels() == 0);
  desk.live_for(1ms);
  desk.watchdog.run_once();
  desk.wait_finished();
  CHECK(desk.target.cancels() == 1);
  desk.queue.items.erase("early");  // rescued and gone: the settlement is tried and lost
  desk.dispatcher.run_once();
  CHECK(desk.queue.answers == std::vector<Settled>{Settled::lease_lost});
  CHECK(desk.presence.busy() == 1);
  desk.target.open();
  desk.wait_finished();
  desk.dispatcher.run_once();
  CHECK(desk.queue.ended.at("late").outcome == Outcome::done);
}

TEST_CASE("a step that is cancelled at its deadline comes back with a smaller batch",
          "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("t");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(1);
  desk.live_for(115s);
  desk.watchdog.run_once();
  desk.wait_finished();
  desk.dispatcher.run_once();
  CHECK(desk.queue.outcomes == std::vector<Outcome>{Outcome::release});
  CHECK(desk.queue.items.at("t").task.batch_size == 128);
}

TEST_CASE("a vacuum that an operator cancels stops at once and a batch ends by itself",
          "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("vacuum", TaskKind::vacuum);
  desk.add("batch");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(2);
  desk.registry.cancel(TaskId{"vacuum"});
  desk.registry.cancel(TaskId{"batch"});
  desk.heartbeat.run_once();
  desk.watchdog.run_once();
  desk.wait_finished();
  desk.dispatcher.run_once();
  CHECK(desk.queue.ended.at("vacuum").outcome == Outcome::cancel);
  CHECK(desk.queue.ended.count("batch") == 0);
  CHECK(desk.target.cancels() == 1);
}

TEST_CASE("a lease's time is counted from before it was asked for", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("t");
  desk.queue.after_lease = [&] { desk.clock.advance(10s); };
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(1);
  desk.live_for(105s);
  desk.watchdog.run_once();
  desk.wait_finished();
  CHECK(desk.target.cancels() == 1);
}

TEST_CASE("a task whose lease is over before it begins does not reach the target", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.queue.context_failures = 1;
  CHECK_THROWS_AS(desk.dispatcher.run_once(), StoreError);
  desk.live_for(115s);
  desk.dispatcher.run_once();
  desk.wait_finished();
  CHECK(desk.target.calls() == 0);
  desk.dispatcher.run_once();
  CHECK(desk.queue.outcomes == std::vector<Outcome>{Outcome::release});
  CHECK(desk.queue.items.at("t").task.batch_size == 0);
}

TEST_CASE("a task of an id that was given up meanwhile does not reach the target", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.add("t");
  desk.queue.after_lease = [&] {  // the answer comes after a long hang
    desk.clock.advance(20'001ms);
    desk.watchdog.run_once();
  };
  desk.dispatcher.run_once();
  desk.wait_finished();
  desk.dispatcher.run_once();
  CHECK(desk.queue.settle_sizes.empty());
  CHECK(desk.target.calls() == 0);
}

TEST_CASE("an executor whose step was given up does the next one", "[watchdog]") {
  Desk desk;
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("a");
  desk.add("b");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(2);
  desk.live_for(115s);
  desk.watchdog.run_once();
  desk.target.wait_for_cancels(2);
  desk.target.open();
  while (desk.queue.ended.size() < 2) {
    desk.wait_finished();
    desk.dispatcher.run_once();
  }
  CHECK(desk.target.cancels() == 2);
  CHECK(desk.queue.ended.at("a").outcome == Outcome::done);
}

TEST_CASE("a target that does not even answer a cancel keeps no other step from being cancelled",
          "[watchdog]") {
  Desk desk;
  std::promise<void> thaw;
  const std::shared_future<void> thawed = thaw.get_future().share();
  std::atomic<int> cancels{0};
  std::atomic<bool> gave_up{false};
  desk.target.before_cancel = [&] {
    if (cancels++ == 0) gave_up = thawed.wait_for(10s) != std::future_status::ready;
  };
  desk.heartbeat.run_once();
  desk.target.close();
  desk.add("a");
  desk.add("b");
  desk.dispatcher.run_once();
  desk.target.wait_for_calls(2);
  desk.live_for(115s);
  desk.watchdog.run_once();
  desk.wait_finished();
  desk.watchdog.run_once();  // one is asked at a time
  CHECK_FALSE(gave_up);
  CHECK(cancels == 2);
  thaw.set_value();
  desk.target.wait_for_cancels(2);
}
