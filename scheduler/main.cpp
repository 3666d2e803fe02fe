// lethe-scheduler: fires policies, takes tasks back from lost workers, closes runs. One of any
// number of schedulers leads; the others stand by.

#include <optional>
#include <string>

#include "common/clock.hpp"
#include "common/config/daemon.hpp"
#include "common/db/migrator.hpp"
#include "common/db/pg_clock_store.hpp"
#include "common/db/pg_command_store.hpp"
#include "common/db/pg_key_store.hpp"
#include "common/db/pg_news_listener.hpp"
#include "common/db/pg_scheduler_directory.hpp"
#include "common/db/pg_scheduler_store.hpp"
#include "common/db/session.hpp"
#include "common/logging.hpp"
#include "common/random.hpp"
#include "common/shutdown_signal.hpp"
#include "common/transport/curve_key_file.hpp"
#include "common/transport/zmq_control_server.hpp"
#include "common/ulid.hpp"
#include "common/version.hpp"
#include "scheduler/config.hpp"
#include "scheduler/control_plane.hpp"
#include "scheduler/scheduler.hpp"

namespace {

using namespace lethe;

/// What the control plane is made of; only there when it is served.
class ServedControl {
 public:
  ServedControl(const scheduler::ControlSettings& control, const std::string& database,
                const std::string& holder, Clock& clock)
      : ids_(clock, random_),
        session_(db::control_session(database, "lethe-scheduler/control")),
        news_(database, "lethe-scheduler/news"),
        server_({.workers = control.workers,
                 .operators = control.operators,
                 .events = control.events,
                 .host = control.host,
                 .key = key_of(control)}),
        plane_({.holder = holder, .version = std::string(version)}, clock, server_,
               {.directory = directory_, .keys = keys_, .commands = commands_, .news = news_}) {}

 private:
  static CurveKey key_of(const scheduler::ControlSettings& control) {
    if (!control.key_file.empty()) return transport::read_key_file(control.key_file);
    if (control.is_open_to_all())
      log_event(LogLevel::warn, "control_insecure",
                {{"workers", control.workers},
                 {"operators", control.operators},
                 {"events", control.events}});
    return {};
  }

  SeededRandom random_;
  IdMaker ids_;
  db::Session session_;
  db::PgSchedulerDirectory directory_{session_};
  db::PgKeyStore keys_{session_};
  db::PgCommandStore commands_{session_, ids_};
  db::PgNewsListener news_;
  transport::ZmqControlServer server_;
  scheduler::ControlPlane plane_;  // last: its threads use the others
};

/// Whether what the settings name goes together, and can be read.
void check(const Settings& settings) {
  const auto control = scheduler::control_settings(settings);
  if (!control.key_file.empty()) static_cast<void>(transport::read_key_file(control.key_file));
}

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
  const auto control = scheduler::control_settings(settings);
  std::optional<ServedControl> served;
  if (control.is_served()) served.emplace(control, settings.text("database"), holder, clock);
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
                      .check = check,
                      .run = run},
                     argc, argv);
}
