#include "cli/why.hpp"

#include "tests/support/catch.hpp"

namespace lethe::cli {
namespace {

constexpr const char* three = "2026-11-21T03:00:00.000000Z";
constexpr const char* four = "2026-11-21T04:00:00.000000Z";

TaskSituation situation_of(const std::string& state) {
  TaskSituation situation;
  situation.state = state;
  situation.target = "app";
  situation.target_cap = 4;
  situation.target_admitted = 4;
  situation.ahead = 12;
  situation.max_attempts = 8;
  situation.lane = "whale";
  situation.workers = 1;
  situation.workers_of_target = 1;
  return situation;
}

TEST_CASE("why names the worker that holds a task and when its lease ends", "[why]") {
  TaskSituation situation = situation_of("leased");
  situation.leased_by = 3;
  situation.instance = "host:42";
  situation.leased_at = three;
  situation.lease_deadline = four;
  CHECK(why_sentence(situation) ==
        "leased by worker 3 (host:42) since 2026-11-21 03:00:00Z; its lease ends 2026-11-21 "
        "04:00:00Z");
  situation.cancel_requested = true;
  CHECK(why_sentence(situation).find("; it was asked to stop and ends after its batch") !=
        std::string::npos);
}

TEST_CASE("why tells how many tasks are before a waiting one", "[why]") {
  TaskSituation situation = situation_of("waiting");
  CHECK(why_sentence(situation) ==
        "waiting: target app runs 4 of at most 4 tasks, 12 are before it");
  situation.ahead = 1;
  CHECK(why_sentence(situation).find(", 1 is before it") != std::string::npos);
  situation.target_admitted = 3;
  situation.ahead = 0;
  CHECK(why_sentence(situation) == "waiting: it is the next one");
  situation.ahead = 1000;  // nobody counted further
  CHECK(why_sentence(situation) == "waiting: at least 1,000 are before it");
}

TEST_CASE("why names the cap of the tenant rather than that of the target", "[why]") {
  TaskSituation situation = situation_of("waiting");
  situation.tenant = "acme";
  situation.tenant_cap = 2;
  situation.tenant_admitted = 2;
  CHECK(why_sentence(situation) ==
        "waiting: tenant acme runs 2 of at most 2 tasks, 12 of tenant acme are before it");
  situation.tenant_admitted = 1;
  CHECK(why_sentence(situation) ==
        "waiting: target app runs 4 of at most 4 tasks, 12 of tenant acme are before it");
  situation.tenant_cap = 0;
  situation.tenant_admitted = 0;
  CHECK(why_sentence(situation).find("tenant acme may run nothing; lethe tenant set acme --target "
                                     "app --max-running N changes that") != std::string::npos);
}

TEST_CASE("why tells first of a target that cannot be reached", "[why]") {
  TaskSituation situation = situation_of("waiting");
  situation.circuit_until = four;
  situation.circuit_failures = 5;
  situation.circuit_error = "connection refused";
  CHECK(why_sentence(situation) ==
        "waiting: target app cannot be reached since 5 failures, next attempt at 2026-11-21 "
        "04:00:00Z: connection refused");
}

TEST_CASE("why does not hide behind a cap that nobody would take the task", "[why]") {
  TaskSituation situation = situation_of("waiting");
  situation.workers = 0;
  situation.workers_of_target = 0;
  CHECK(why_sentence(situation) ==
        "waiting: target app runs 4 of at most 4 tasks, 12 are before it; no running worker "
        "serves target app");
}

TEST_CASE("why tells until when a task is scheduled and what failed", "[why]") {
  TaskSituation situation = situation_of("scheduled");
  situation.enqueue_at = four;
  CHECK(why_sentence(situation) == "scheduled: not before 2026-11-21 04:00:00Z");
  situation.window = "01:00 to 05:00 Europe/Berlin";
  CHECK(why_sentence(situation) == "scheduled: not before 2026-11-21 04:00:00Z");
  situation.window_open = false;
  CHECK(why_sentence(situation) ==
        "scheduled: not before 2026-11-21 04:00:00Z, it is outside its window 01:00 to 05:00 "
        "Europe/Berlin");
  situation.window_open = true;
  situation.attempts = 2;
  situation.last_error = "lock timeout\non table";
  CHECK(why_sentence(situation) ==
        "scheduled: not before 2026-11-21 04:00:00Z, attempt 2 of 8 failed: lock timeout on table");
}

TEST_CASE("why names who paused a task and the reason", "[why]") {
  TaskSituation situation = situation_of("paused");
  CHECK(why_sentence(situation).find("no pause covers it any more") != std::string::npos);
  situation.pause_scope = "all";
  situation.paused_by = "ana";
  situation.paused_at = three;
  CHECK(why_sentence(situation) == "paused: all, by ana since 2026-11-21 03:00:00Z");
  situation.pause_scope = "target";
  situation.pause_name = "app";
  situation.pause_reason = "incident 42";
  CHECK(why_sentence(situation) ==
        "paused: target app, by ana since 2026-11-21 03:00:00Z: incident 42");
}

TEST_CASE("why tells whether a worker can take a ready task", "[why]") {
  TaskSituation situation = situation_of("ready");
  situation.workers = 0;
  situation.workers_of_target = 2;
  CHECK(why_sentence(situation) ==
        "ready, but no running worker takes lane whale; start lethe-worker --lanes whale");
  situation.workers_of_target = 0;
  CHECK(why_sentence(situation) == "ready, but no running worker serves target app");
  situation.workers = 1;
  CHECK(why_sentence(situation) == "ready: 1 worker can take it");
  situation.workers = 3;
  CHECK(why_sentence(situation) == "ready: 3 workers can take it");
}

TEST_CASE("why tells how and when a task ended", "[why]") {
  TaskRow task;
  task.id = "T1";
  task.ended_at = three;
  task.state = "done";
  task.rows = 5'000;
  task.batches = 1;
  CHECK(ended_sentence(task) == "done at 2026-11-21 03:00:00Z: 5,000 rows in 1 batch");
  task.state = "cancelled";
  CHECK(ended_sentence(task) == "cancelled at 2026-11-21 03:00:00Z");
  task.state = "dead";
  task.last_error = "no rights";
  CHECK(ended_sentence(task) ==
        "dead since 2026-11-21 03:00:00Z: no rights; lethe task retry T1 puts it back");
}

}  // namespace
}  // namespace lethe::cli
