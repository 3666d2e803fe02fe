// lethe-worker: leases tasks and carries out one batch at a time in their targets.

#include <memory>
#include <stop_token>
#include <string>

#include "common/archive/file_archive.hpp"
#include "common/clock.hpp"
#include "common/config/daemon.hpp"
#include "common/db/connection_string.hpp"
#include "common/db/migrator.hpp"
#include "common/db/pg_clock_store.hpp"
#include "common/db/pg_task_queue.hpp"
#include "common/db/pg_task_runner.hpp"
#include "common/db/pg_worker_registry.hpp"
#include "common/db/session.hpp"
#include "common/http/status_pages.hpp"
#include "common/logging.hpp"
#include "common/random.hpp"
#include "common/service/service_notifier.hpp"
#include "common/shutdown_signal.hpp"
#include "common/supervision/supervision.hpp"
#include "common/transport/curve_key_file.hpp"
#include "common/transport/zmq_control_client.hpp"
#include "common/ulid.hpp"
#include "common/version.hpp"
#include "worker/config.hpp"
#include "worker/worker.hpp"

namespace {

using namespace lethe;

db::Superusers superusers(const Settings& settings) {
  return settings.text("superuser") == "allow" ? db::Superusers::allow : db::Superusers::refuse;
}

/// This worker's keys; none without a file of them.
CurveKey own_key(const Settings& settings) {
  const std::string& file = settings.text("control_key_file");
  return file.empty() ? CurveKey{} : transport::read_key_file(file);
}

/// Whether what the settings name can be read.
void check(const Settings& settings) {
  db::check_control_connection(settings.text("database"));
  static_cast<void>(own_key(settings));
}

/// The scheduler's end warns of its own.
void warn_of_plain_messages(const Settings& settings) {
  if (settings.text("control_insecure") != "allow") return;
  log_event(LogLevel::warn, "control_insecure",
            {{"meaning", "believes schedulers over tcp that show no key"}});
}

/// Wires the process together, bottom layer first; destruction runs the other way round.
void run(const Settings& settings) {
  const ShutdownSignal shutdown;  // before any other thread
  const std::string database = settings.text("database");
  SystemClock clock;
  Supervision supervision(clock);
  worker::WorkerMetrics metrics;
  const std::stop_callback on_drain(shutdown.drain(), [&supervision] { supervision.stop(); });
  const http::StatusServer status(settings, {.program = "lethe-worker",
                                             .version = std::string(version),
                                             .supervision = supervision,
                                             .metrics = [&metrics] { return metrics.families(); }});
  const service::ServiceNotifier notifier(supervision, clock);
  SeededRandom random;
  IdMaker ids(clock, random);
  db::Session session(db::control_session(database, "lethe-worker"));
  db::Session beat_session(db::control_session(database, "lethe-worker/heartbeat"));
  db::Migrator migrator(session);
  db::PgTaskQueue queue(session, ids, clock);
  db::PgWorkerRegistry registry(beat_session);
  db::PgClockStore clock_store(beat_session);

  warn_of_plain_messages(settings);
  transport::ZmqControlClient control(own_key(settings),
                                      settings.text("control_insecure") == "allow");

  const auto make_runner = [&settings] {
    return std::make_unique<db::PgTaskRunner>("lethe-worker", superusers(settings),
                                              db::batch_lock_timeout,
                                              std::make_unique<archive::FileArchive>());
  };

  if (!wait_for_control(migrator, clock, random, shutdown.drain())) return;
  supervision.serve();
  worker::run_worker(worker::worker_options(settings, {.instance = instance_name(),
                                                       .version = std::string(version),
                                                       .slots = 0,
                                                       .targets = {},
                                                       .lanes = {}}),
                     {.clock = clock,
                      .queue = queue,
                      .registry = registry,
                      .make_runner = make_runner,
                      .clock_store = clock_store,
                      .control = control,
                      .supervision = supervision,
                      .metrics = metrics},
                     shutdown.drain(), shutdown.cancel());
}

}  // namespace

int main(int argc, char** argv) {
  return daemon_main({.program = "lethe-worker",
                      .description = "Leases cleanup tasks and carries them out batch by batch.",
                      .version = std::string(version),
                      .settings = worker::setting_table(),
                      .check = check,
                      .run = run},
                     argc, argv);
}
