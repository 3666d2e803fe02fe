#include "tests/bench/own_queue.hpp"

#include <fmt/format.h>

#include <utility>

#include "common/db/pg_task_queue.hpp"
#include "common/db/pg_worker_registry.hpp"
#include "common/db/queue_steps.hpp"
#include "common/random.hpp"
#include "common/store_error.hpp"

namespace lethe::bench {

namespace {

using namespace std::chrono_literals;

constexpr const char* target = "app";
constexpr std::chrono::milliseconds cost = 250ms;  // what the queue expects of a task it never saw
constexpr std::int64_t errors_max = 1000;

std::string run_of(int tenant) { return fmt::format("run-{:05}", tenant); }

/// As a worker's session on the control database.
db::SessionOptions session_options(const std::string& url) {
  return {.connection = url,
          .application_name = "lethe-bench",
          .settings = db::SettingsScope::session,
          .generic_plans = true};
}

/// About as much as a clean task's payload.
const std::string payload(90, '\x2a');

Settlement done(const LeasedTask& task) {
  Settlement settlement;
  settlement.lease = task.lease;
  settlement.run = task.run;
  settlement.target = task.target;
  settlement.outcome = Outcome::done;
  settlement.batches = 1;
  settlement.rows = 1000;
  settlement.took = cost;
  return settlement;
}

/// Errors are normal for a worker: it repeats its call, which does no harm.
class Worker {
 public:
  Worker(const std::string& url, Clock& clock, int per_call)
      : session_(session_options(url)), ids_(clock, random_), queue_(session_, ids_, clock) {
    const std::vector<std::string> lanes{"normal"};
    request_.worker = db::PgWorkerRegistry(session_)
                          .register_worker({.instance = "bench",
                                            .version = "0",
                                            .slots = per_call,
                                            .targets = {},
                                            .lanes = lanes})
                          .worker;
    request_.tasks_max = per_call;
    request_.lanes = lanes;
  }

  std::uint32_t cycle(std::atomic<std::int64_t>& errors) {
    try {
      const Exchange exchange = queue_.exchange(ended_, request_);
      std::uint32_t settled = 0;
      for (const Settled one : exchange.settled) settled += one != Settled::lease_lost ? 1 : 0;
      ended_.clear();
      for (const LeasedTask& task : exchange.leased) ended_.push_back(done(task));
      return settled;
    } catch (const StoreError&) {
      if (++errors > errors_max) throw;
      return 0;
    }
  }

 private:
  SeededRandom random_;
  db::Session session_;
  IdMaker ids_;
  db::PgTaskQueue queue_;
  LeaseRequest request_;
  std::vector<Settlement> ended_;
};

class Feeder {
 public:
  Feeder(const std::string& url, const Clock& clock, int tenants, int batch)
      : session_(session_options(url)),
        ids_(clock, random_),
        tenants_(tenants),
        batch_(batch),
        next_(static_cast<int>(random_.next() % static_cast<std::uint64_t>(tenants))) {}

  std::uint32_t cycle() {
    const int tenant = std::exchange(next_, (next_ + 1) % tenants_);
    std::vector<db::QueuedTask> tasks;
    tasks.reserve(static_cast<std::size_t>(batch_));
    for (int i = 0; i < batch_; ++i)
      tasks.push_back({.id = ids_.next(), .source_id = "", .kind = "clean", .payload = payload});
    db::transact(session_, "bench_insert", [&](db::Transaction& transaction) {
      db::insert_tasks(transaction, run_of(tenant), tasks);
    });
    db::Touches touches;
    touches.add_waiting(target, fmt::format("t{}", tenant));
    db::transact(session_, "bench_admit", [&](db::Transaction& transaction) {
      db::lock_slots(transaction, {target});
      db::touch(transaction, touches);
      db::admit(transaction, {target});
    });
    return static_cast<std::uint32_t>(batch_);
  }

 private:
  SeededRandom random_;
  db::Session session_;
  IdMaker ids_;
  int tenants_;
  int batch_;
  int next_;
};

ChildProcess start_scheduler(const std::string& url) {
  SpawnOptions options;
  // The clients of a benchmark send no heartbeats.
  options.environment = {{"LETHE_DATABASE_URL", url},
                         {"LETHE_WORKER_TTL_SECONDS", "3600"},
                         {"LETHE_LOG_LEVEL", "error"}};
  return ChildProcess::spawn({std::string(LETHE_BIN_DIR) + "/lethe-scheduler"}, options);
}

}  // namespace

OwnQueue::OwnQueue(const QueueShape& shape) : tenants_(shape.tenants) {
  // The limit of max_running guards targets, not the queue.
  database_.execute(fmt::format(
      "ALTER TABLE lethe.targets DROP CONSTRAINT targets_max_running_check;"
      "INSERT INTO lethe.targets (name, url, max_running) VALUES ('{0}', '', {1});"
      "INSERT INTO lethe.target_slots (target) VALUES ('{0}');"
      "INSERT INTO lethe.tenants (target, name, max_running)"
      " SELECT '{0}', 't' || n, {2} FROM generate_series(0, {3} - 1) n;"
      "INSERT INTO lethe.runs (id, target, tenant, spec, spec_sha256, state, as_of, cutoff,"
      " expire_at, requested_by)"
      " SELECT 'run-' || lpad(n::text, 5, '0'), '{0}', 't' || n, '{{}}', '', 'cleaning', now(),"
      " now(), now() + interval '1 day', 'bench' FROM generate_series(0, {3} - 1) n;"
      // A task for tomorrow keeps each run open, so that more can be added to it at any time.
      "INSERT INTO lethe.items (id, expire_deadline, enqueue_at, kind, payload, run_id, target,"
      " tenant) SELECT 'keeps-' || id, expire_at, expire_at, 'clean', '', id, target, tenant"
      " FROM lethe.runs",
      target, shape.max_running, shape.tenant_max_running, shape.tenants));
  if (shape.with_scheduler) scheduler_.push_back(start_scheduler(database_.url()));
}

void OwnQueue::fill_evenly(std::int64_t tasks) {
  fill(fmt::format("SELECT n % {} AS tenant, n FROM generate_series(1, {}) n", tenants_, tasks));
}

void OwnQueue::fill_unevenly(std::int64_t first, std::int64_t others) {
  fill(
      fmt::format("SELECT 0 AS tenant, n FROM generate_series(1, {0}) n UNION ALL SELECT t, {0} + "
                  "t * {1} + n FROM generate_series(1, {2} - 1) t, generate_series(1, {1}) n",
                  first, others, tenants_));
}

void OwnQueue::fill(const std::string& tenant_and_number) {
  // The ids sort before every new one, and the places are those of now, one after the other.
  database_.execute(fmt::format(
      "INSERT INTO lethe.items (id, expire_deadline, kind, payload, run_id, target, tenant, vft)"
      " SELECT '00' || lpad(f.n::text, 24, '0'), r.expire_at, 'clean', '{}', r.id, r.target,"
      " r.tenant, lethe.place(now(), 2) + f.n FROM ({}) f"
      " JOIN lethe.runs r ON r.id = 'run-' || lpad(f.tenant::text, 5, '0') ORDER BY f.n",
      db::to_bytea(payload), tenant_and_number));
  pqxx::connection connection(database_.url());
  pqxx::nontransaction work(connection);
  work.exec("VACUUM ANALYZE lethe.items");
  work.exec("VACUUM ANALYZE lethe.runs");
  work.exec("CHECKPOINT");
  db::Session session(session_options(database_.url()));
  db::transact(session, "bench_admit", [](db::Transaction& transaction) {
    db::lock_slots(transaction, {target});
    db::rebalance(transaction, {target});
  });
}

MakeCycle OwnQueue::workers(int per_call) {
  return [this, per_call](int) -> Cycle {
    const auto worker = std::make_shared<Worker>(database_.url(), clock_, per_call);
    return [this, worker] { return worker->cycle(errors_); };
  };
}

MakeCycle OwnQueue::feeders(int batch) {
  return [this, batch](int) -> Cycle {
    const auto feeder = std::make_shared<Feeder>(database_.url(), clock_, tenants_, batch);
    return [feeder] { return feeder->cycle(); };
  };
}

}  // namespace lethe::bench
