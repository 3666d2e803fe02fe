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
}

TEST_CASE("why tells until when a task is scheduled and what failed", "[why]") {
  TaskSituation situation = situation_of("scheduled");
  situation.enqueue_at = four;
  CHECK(why_sentence(situation) == "scheduled: not before 2026-11-21 04:00:00Z");
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
