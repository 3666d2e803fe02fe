// How many index entries the queue's statements read: as many as they change rows, however long the
// queue, however old the oldest snapshot, and whenever their plans were made.

#include <optional>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/run_driver.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::OtherSession;
using test::RunDriver;
using test::TestDatabase;

namespace {

constexpr int batch = 10;

/// Tasks of the one run `run-`; ids and places go up.
void add_tasks(TestDatabase& database, int first, int count) {
  database.execute(
      "INSERT INTO lethe.items (id, expire_deadline, kind, payload, run_id, target, vft) SELECT "
      "'t' || lpad(n::text, 8, '0'), now() + interval '1 day', 'clean', '', 'run-', 'app', "
      "lethe.place(clock_timestamp(), 2) + n FROM generate_series(" +
      std::to_string(first) + ", " + std::to_string(first + count - 1) + ") n");
}

void set_slots(RunDriver& fleet, TestDatabase& database) {
  fleet.control().targets().put({.name = "app", .url = database.url(), .max_running = 100}, "test");
}

/// A target with 100 slots, an open run and `tasks` waiting tasks of it.
WorkerId set_up(TestDatabase& database, int tasks) {
  RunDriver fleet(database);
  set_slots(fleet, database);
  database.execute(
      "INSERT INTO lethe.runs (id, target, spec, spec_sha256, state, as_of, cutoff, expire_at, "
      "requested_by, verify_payload) VALUES ('run-', 'app', '{}', 'x', 'cleaning', now(), now(), "
      "now() + interval '1 day', 'test', '')");
  add_tasks(database, 1, tasks);
  fleet.recount();
  database.execute("UPDATE lethe.workers SET slots = 10");
  return fleet.worker();
}

/// A worker that settles what it has and leases ten tasks more, on a session of its own.
class Turns {
 public:
  Turns(TestDatabase& database, WorkerId worker)
      : session_(db::control_session(database.url(), "lethe-test")),
        queue_(session_, ids_, clock_),
        request_{.worker = worker,
                 .tasks_max = batch,
                 .length = 120s,
                 .lanes = {"normal"},
                 .targets = {}} {}

  /// Every `again_every`-th lease asks for another batch, the others are done.
  void turn(std::size_t again_every) {
    std::vector<Settlement> settlements;
    for (std::size_t i = 0; i < leased_.size(); ++i) {
      Settlement end;
      end.lease = leased_[i].lease;
      end.run = leased_[i].run;
      end.target = leased_[i].target;
      end.outcome = i % again_every == 0 ? Outcome::again : Outcome::done;
      settlements.push_back(end);
    }
    leased_ = queue_.exchange(settlements, request_).leased;
    REQUIRE(leased_.size() == batch);
  }
  void release_all() {
    std::vector<Settlement> settlements;
    for (const auto& task : leased_) {
      Settlement end;
      end.lease = task.lease;
      end.run = task.run;
      end.target = task.target;
      end.outcome = Outcome::release;
      settlements.push_back(end);
    }
    static_cast<void>(queue_.settle(settlements));
    leased_.clear();
  }

 private:
  SystemClock clock_;
  SeededRandom random_{7};
  IdMaker ids_{clock_, random_};
  db::Session session_;
  db::PgTaskQueue queue_;
  LeaseRequest request_;
  std::vector<LeasedTask> leased_;
};

/// Index entries of the tasks that sessions read which are closed by now. They report shortly after
/// their end, which is what it waits for.
std::int64_t entries_read(TestDatabase& database) {
  const auto read = [&] {
    return database.number(
        "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'items'");
  };
  for (int look = 0; look < 500 && read() == 0; ++look) std::this_thread::sleep_for(10ms);
  return read();
}

std::int64_t rows_scanned(TestDatabase& database) {
  return database.number(
      "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables WHERE relname = 'items'");
}

}  // namespace

// Alone, because before PostgreSQL 14 a snapshot in any database of the server keeps the index
// entries of ended tasks from being forgotten.
TEST_CASE("leasing and settling read only the rows they change, whenever their plans were made",
          "[admission][plan][alone]") {
  const int tasks = GENERATE(30'000, 1'000'000);
  constexpr int turns = 50;
  TestDatabase database;
  const WorkerId worker = set_up(database, 2 * batch);
  {
    Turns work(database, worker);
    work.turn(2);  // plans for a table of one page
    add_tasks(database, 1'000, tasks);
    database.execute("SELECT pg_stat_reset()");
    for (int i = 0; i < turns; ++i) work.turn(2);
    database.execute("ANALYZE lethe.items");  // plans for a large one
    for (int i = 0; i < turns; ++i) work.turn(2);
    work.release_all();
  }
  const auto read = entries_read(database);
  INFO("index entries read per task: " << read / (2 * turns * batch));
  CHECK(read > 0);
  CHECK(read < 2 * turns * batch * 40);
  CHECK(rows_scanned(database) == 0);
}

// Alone, because on a busy machine news of ended tasks is delivered by age instead of by number.
TEST_CASE("an old snapshot does not make the queue read again what it served before",
          "[admission][plan][alone]") {
  constexpr int turns = 1000;
  constexpr int turns_per_duty = 20;
  TestDatabase database;
  const WorkerId worker = set_up(database, 2 * turns * batch);
  OtherSession old(database.url());
  old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  old.execute("SELECT 1");
  {
    RunDriver fleet(database);
    set_slots(fleet, database);
    Turns work(database, worker);
    database.execute("SELECT pg_stat_reset()");
    for (int i = 0; i < turns; ++i) {
      if (i % turns_per_duty == 0) fleet.scheduler().advance_lanes(fleet.term());
      if (i == turns / 2) database.execute("ANALYZE lethe.items; ANALYZE lethe.shares");
      work.turn(5);
    }
    work.release_all();
  }
  const auto read = entries_read(database);
  INFO("index entries read per task: " << read / (turns * batch));
  INFO(
      database.text("SELECT string_agg(indexrelname || ' ' || idx_tup_read, ', ' ORDER BY "
                    "idx_tup_read DESC) FROM pg_stat_user_indexes WHERE idx_tup_read > 0"));
  CHECK(read > 0);
  // 15 as a rule; up to 153 where the sample of ANALYZE makes a look at leases read ended ones. A
  // turn that read all that was served before would make it 500 and more.
  CHECK(read < turns * batch * 300);
  CHECK(rows_scanned(database) == 0);
}

TEST_CASE("moving the lanes' heads reads nothing but what was leased since", "[admission][plan]") {
  constexpr int others = 20'000;
  TestDatabase database;
  set_up(database, 1);
  add_tasks(database, 1'000, others);
  database.execute("UPDATE lethe.items SET lane = 'bulk', admission = 0 WHERE id > 't00000999'");
  database.execute(
      "UPDATE lethe.target_slots SET admitted = 30000; UPDATE lethe.shares SET admitted "
      "= 30000; ANALYZE lethe.items");
  {
    RunDriver fleet(database);
    database.execute("SELECT pg_stat_reset()");
    for (int i = 0; i < 3; ++i) fleet.scheduler().advance_lanes(fleet.term());
  }
  const auto read = entries_read(database);
  CHECK(read > 0);
  CHECK(read < 100);
}
