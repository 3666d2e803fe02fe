#include "tests/support/run_driver.hpp"

#include <stdexcept>

#include "common/archive/file_archive.hpp"
#include "common/db/pg_task_runner.hpp"
#include "common/policies/policy_json.hpp"

namespace lethe::test {

using namespace std::chrono_literals;

RunDriver::RunDriver(TestDatabase& database, std::chrono::milliseconds lock_timeout,
                     worker::Guards guards)
    : database_(database),
      control_(database.url(), "lethe-test", clock_, random_),
      queue_session_(db::control_session(database.url(), "lethe-test")),
      scheduler_session_(db::control_session(database.url(), "lethe-test")),
      target_(database.url(), "lethe-test") {
  control_.targets().put({.name = "app", .url = database.url(), .max_running = 4}, "test");
  worker_ = registry_
                .register_worker({.instance = "test",
                                  .version = "0",
                                  .slots = 1000,
                                  .targets = {},
                                  .lanes = {"normal"}})
                .worker;
  presence_.registered(worker_, clock_.now());
  executor_ = std::make_unique<worker::Executor>(
      clock_, presence_,
      std::make_unique<db::PgTaskRunner>("lethe-test", db::Superusers::allow, lock_timeout,
                                         std::make_unique<archive::FileArchive>()),
      250ms, guards);
}

std::string RunDriver::start(Policy policy) {
  policy.target = "app";
  return control_.runs().start(policy, {}, "test").id.value;
}

void RunDriver::apply(Policy policy) {
  policy.target = "app";
  const PolicyVersion version = control_.policies().version(policy.name);
  target_.set_gate(policy.name, version.epoch + 1, false, "");
  control_.policies().apply(policy, version, std::nullopt, "test");
}

std::string RunDriver::start_stored(const std::string& name) {
  const auto known = control_.policies().find(name);
  if (!known) throw std::runtime_error("no policy " + name);
  StartOptions options;
  options.policy_epoch = known->epoch;
  return control_.runs().start(policy_from_json(known->spec_text), options, "test").id.value;
}

std::optional<LeasedTask> RunDriver::lease() {
  auto tasks = queue_.lease(
      {.worker = worker_, .tasks_max = 1, .length = 120s, .lanes = {"normal"}, .targets = {}});
  if (tasks.empty()) return std::nullopt;
  return std::move(tasks.front());
}

std::optional<Settlement> RunDriver::step(const LeasedTask& task) {
  auto context = queue_.run_context(task.run, task.kind);
  if (!context) throw std::runtime_error("no run " + task.run.value);
  return executor_->execute(
      {.task = task, .run = std::make_shared<const RunContext>(std::move(*context))});
}

Settled RunDriver::settle(const Settlement& settlement) {
  return queue_.settle({settlement}).at(0);
}

Term RunDriver::term() {
  if (!term_) {
    db::PgLeadership leadership(scheduler_session_);
    term_ = leadership.campaign("test", 1h);
    if (!term_) throw std::runtime_error("somebody else leads");
  }
  return *term_;
}

RunRow RunDriver::work_off(const std::string& run_id, int batches_max) {
  for (int batch = 0; batch < batches_max; ++batch) {
    auto task = lease();
    if (!task) {
      // Delays are for a real fleet: here the rows are moved into the past instead.
      database_.execute(
          "UPDATE lethe.items SET enqueue_at = clock_timestamp() WHERE enqueue_at IS NOT NULL");
      scheduler_.promote(term(), 1000);
      task = lease();
    }
    if (!task) break;
    const auto settlement = step(*task);
    if (settlement) static_cast<void>(settle(*settlement));
  }
  return run(run_id);
}

RunRow RunDriver::run(const std::string& id) {
  auto row = control_.runs().find(id);
  if (!row) throw std::runtime_error("no run " + id);
  return std::move(*row);
}

}  // namespace lethe::test
