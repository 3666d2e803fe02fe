// lethe-scheduler: fires policies, takes tasks back from lost workers, closes runs. One of any
// number of schedulers leads; the others stand by.

#include <string>

#include "common/clock.hpp"
#include "common/config/daemon.hpp"
#include "common/db/migrator.hpp"
#include "common/db/pg_clock_store.hpp"
#include "common/db/pg_scheduler_store.hpp"
#include "common/db/session.hpp"
#include "common/random.hpp"
#include "common/shutdown_signal.hpp"
#include "common/ulid.hpp"
#include "common/version.hpp"
#include "scheduler/config.hpp"
#include "scheduler/scheduler.hpp"

namespace {

using namespace lethe;

/// Wires the process together, bottom layer first; destruction runs the other way round.
void run(const Settings& settings) {
  const ShutdownSignal shutdown;  // before any other thread
  SystemClock clock;
  SeededRandom random;
  IdMaker ids(clock, random);
  db::Session session(db::control_session(settings.text("database"), "lethe-scheduler"));
  db::Migrator migrator(session);
  db::PgLeadership leadership(session);
  db::PgSchedulerStore store(session, ids);
  db::PgClockStore clock_store(session);

  if (!wait_for_control(migrator, clock, random, shutdown.drain())) return;
  // A pid comes back and containers share theirs; the id makes the holder unique.
  const std::string holder = instance_name() + "/" + ids.next();
  scheduler::run_scheduler(scheduler::scheduler_options(settings, holder),
                           {.clock = clock,
                            .random = random,
                            .leadership = leadership,
                            .store = store,
                            .clock_store = clock_store},
                           shutdown.drain());
}

}  // namespace

int main(int argc, char** argv) {
  return daemon_main({.program = "lethe-scheduler",
                      .description = "Turns retention policies into tasks and looks after them.",
                      .version = std::string(version),
                      .settings = scheduler::setting_table(),
                      .run = run},
                     argc, argv);
}
