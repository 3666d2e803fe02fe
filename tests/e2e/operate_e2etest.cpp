// What an operator does while the fleet works: clean once, look, cancel, pause, resume.

#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

constexpr int rows = 20'000;

const std::vector<std::string> run_fields{
    "id",         "policy",      "target", "state",   "strategy", "cutoff", "scheduled_for",
    "started_at", "finished_at", "rows",   "batches", "passes",   "error"};
const std::vector<std::string> task_fields{
    "id",      "run",       "policy",         "target",          "kind",
    "state",   "tenant",    "lane",           "attempts",        "rescues",
    "epoch",   "leased_by", "lease_deadline", "expire_deadline", "enqueue_at",
    "batches", "rows",      "last_error"};
const std::vector<std::string> worker_fields{"id",    "instance", "version",      "phase",
                                             "slots", "busy",     "last_seen_ms", "lanes"};

std::vector<std::string> fields_of(const Json& record) {
  std::vector<std::string> names;
  for (const auto& [name, value] : record.items()) names.push_back(name);
  return names;
}

/// The fields of a list come first in the details, in the same order.
std::vector<std::string> first_fields_of(const Json& record, std::size_t count) {
  auto names = fields_of(record);
  names.resize(std::min(count, names.size()));
  return names;
}

const std::vector<std::string> enqueue_words{"enqueue",    "--target",     "app",
                                             "--table",    "public.t",     "--timestamp",
                                             "created_at", "--older-than", "90d"};

std::vector<std::string> enqueue(const std::vector<std::string>& more) {
  auto words = enqueue_words;
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// A fleet with the table and a scheduler, one worker with one slot, and a target that runs one
/// task at once.
class SmallFleet : public Fleet {
 public:
  SmallFleet() {
    install();
    must({"target", "add", "app", "--url", target().url(), "--max-running", "1"});
    make_table(target(), rows);
    kept_ = ids(fresh_ids);
    start_scheduler();
    worker_ = &start_worker({"--slots", "1"});
  }
  const std::set<std::int64_t>& kept() const { return kept_; }
  std::int64_t batches() { return target().number("SELECT count(*) FROM lethe.ledger"); }

  /// Waits until the worker has looked for tasks many times more.
  bool worker_looked_again() {
    const std::string beats = fmt::format(
        "SELECT count(*) FROM lethe.workers WHERE last_seen > '{}'::timestamptz + "
        "interval '2 s'",
        control().text("SELECT clock_timestamp()"));
    return eventually([&] { return control().number(beats) > 0; });
  }
  bool somebody_waits_for_a_gate() {
    return eventually([&] {
      return target().number(
                 "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND "
                 "d.datname = current_database() JOIN lethe.gate g ON g.key = l.objid::bigint "
                 "WHERE l.locktype = 'advisory' AND l.mode = 'ExclusiveLock' AND NOT l.granted") >
             0;
    });
  }

 private:
  std::set<std::int64_t> kept_;
  Daemon* worker_ = nullptr;
};

TEST_CASE("enqueue counts and changes nothing with dry run", "[fleet][enqueue]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 2'000);
  const auto everything = fleet.ids(all_ids);
  const Json census = fleet.json(enqueue({"--dry-run"})).at(0);
  CHECK(census.at("total") == 2'000);
  CHECK(census.at("eligible") == 1'500);
  CHECK(census.at("too_young") == 500);
  const Json narrow =
      fleet.json(enqueue({"--where", "tenant=t1", "--keep-min", "50", "--dry-run"})).at(0);
  CHECK(narrow.at("condition") == 1'800);
  CHECK(narrow.at("keep_min") == 50);
  CHECK(narrow.at("eligible") == 150);
  CHECK((fleet.ids(all_ids) == everything));
  CHECK(fleet.control().number("SELECT count(*) FROM lethe.runs") == 0);
  CHECK(fleet.control().number("SELECT count(*) FROM lethe.items") == 0);
  CHECK(fleet.target().number("SELECT count(*) FROM lethe.fence") == 0);
}

TEST_CASE("enqueue that waits prints the run and ends with 0 when it is satisfied",
          "[fleet][enqueue]") {
  SmallFleet fleet;
  const Json run = fleet.json(enqueue({"--yes", "--wait"})).at(0);
  CHECK(first_fields_of(run, run_fields.size()) == run_fields);
  CHECK(run.at("policy").is_null());
  CHECK(run.at("state") == "satisfied");
  CHECK(run.at("rows") == 15'000);
  CHECK(run.at("live_tasks") == 0);
  CHECK(run.at("error").is_null());
  CHECK(run.at("cutoff").get<std::string>().size() ==
        std::string("2026-01-01T00:00:00.000000Z").size());
  const Json list = fleet.json({"run", "list"});
  REQUIRE(list.size() == 1);
  CHECK(fields_of(list.at(0)) == run_fields);
  CHECK(fleet.disagreement(fleet.kept(), rows) == "");
}

TEST_CASE("a run that is cancelled ends after its batch and enqueue that waits for it with 1",
          "[fleet][cancel]") {
  SmallFleet fleet;
  Brake brake(fleet.target(), {5'001});
  Daemon& waiting = fleet.start("lethe", enqueue({"--yes", "--wait"}));
  REQUIRE(brake.holds_a_batch(5'001));
  const std::string run = fleet.json({"run", "list", "--open"}).at(0).at("id");
  fleet.must({"run", "cancel", run});
  CHECK(waiting.running());
  brake.release(5'001);
  CHECK(waiting.wait() == 1);
  const Json shown = fleet.json({"run", "show", run}).at(0);
  CHECK(shown.at("state") == "cancelled");
  CHECK(shown.at("rows") == rows - fleet.target().number("SELECT count(*) FROM public.t"));
  CHECK(shown.at("rows") == fleet.target().number("SELECT sum(rows) FROM lethe.ledger"));
  CHECK(shown.at("rows") < 15'000);
  CHECK(fleet.ids(fresh_ids) == fleet.kept());
  CHECK(fleet.lethe({"run", "cancel", run}).exit_code == 3);
}

TEST_CASE("a pause of everything returns when no batch is in flight and resume goes on",
          "[fleet][pause]") {
  SmallFleet fleet;
  Brake brake(fleet.target(), {5'001});
  const std::string run = fleet.json(enqueue({"--yes"})).at(0).at("id");
  REQUIRE(brake.holds_a_batch(5'001));
  Daemon& pause = fleet.start("lethe", {"pause", "--all", "--reason", "incident 42"});
  REQUIRE(fleet.somebody_waits_for_a_gate());
  CHECK(pause.running());
  brake.release(5'001);
  CHECK(pause.wait() == 0);

  const std::int64_t batches = fleet.batches();
  const std::int64_t left = fleet.target().number("SELECT count(*) FROM public.t");
  REQUIRE(eventually([&] {
    for (const Json& task : fleet.json({"task", "list", "--run", run})) {
      if (task.at("state") == "leased" || task.at("state") == "ready") return false;
    }
    return true;
  }));
  const Json tasks = fleet.json({"task", "list", "--run", run});
  REQUIRE_FALSE(tasks.empty());
  const Json why = fleet.json({"task", "why", tasks.back().at("id")}).at(0);
  CHECK_THAT(why.at("why").get<std::string>(), contains("paused: all, by "));
  CHECK_THAT(why.at("why").get<std::string>(), contains("incident 42"));
  REQUIRE(fleet.worker_looked_again());
  CHECK(fleet.batches() == batches);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == left);
  CHECK(left > static_cast<std::int64_t>(fleet.kept().size()));

  CHECK(fleet.json({"resume", "--all"}).at(0).at("change") == "resumed");
  CHECK(fleet.end_of(run) == "satisfied");
  CHECK(fleet.disagreement(fleet.kept(), rows) == "");
}

TEST_CASE("tasks and workers can be looked at while they work", "[fleet][task]") {
  SmallFleet fleet;
  Brake brake(fleet.target(), {5'001});
  const std::string run = fleet.json(enqueue({"--yes"})).at(0).at("id");
  REQUIRE(brake.holds_a_batch(5'001));
  const std::string next = fleet.json(enqueue({"--yes"})).at(0).at("id");

  Json leased;
  Json waiting;
  for (const Json& task : fleet.json({"task", "list"})) {
    CHECK(fields_of(task) == task_fields);
    const bool is_known = task.at("run") == run || task.at("run") == next;
    CHECK(is_known);
    CHECK(task.at("policy").is_null());
    CHECK(task.at("lane") == "urgent");
    (task.at("state") == "leased" ? leased : waiting) = task;
  }
  REQUIRE_FALSE(leased.is_null());
  REQUIRE_FALSE(waiting.is_null());
  CHECK(leased.at("kind") == "clean");
  CHECK(leased.at("lease_deadline").is_string());
  CHECK(waiting.at("state") == "waiting");
  CHECK(waiting.at("leased_by").is_null());
  const std::string why = fleet.must({"task", "why", waiting.at("id")});
  CHECK_THAT(why, contains("waiting: target app runs 1 of at most 1 task"));
  CHECK_THAT(fleet.must({"task", "why", leased.at("id")}), contains("leased by worker "));

  Json workers;
  REQUIRE(eventually([&] {
    workers = fleet.json({"worker", "list"});
    return workers.size() == 1 && workers.at(0).at("busy") == 1;
  }));
  CHECK(fields_of(workers.at(0)) == worker_fields);
  CHECK(workers.at(0).at("id") == leased.at("leased_by"));
  CHECK(workers.at(0).at("phase") == "running");
  CHECK(workers.at(0).at("slots") == 1);
  brake.release(5'001);
  CHECK(fleet.end_of(run) == "satisfied");
  CHECK(fleet.end_of(next) == "satisfied");
}

}  // namespace
}  // namespace lethe::test
