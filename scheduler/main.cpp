// lethe-scheduler: fires policies, takes tasks back from lost workers, closes runs. One of any
// number of schedulers leads; the others stand by.

#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "common/clock.hpp"
#include "common/config/daemon.hpp"
#include "common/db/connection_string.hpp"
#include "common/db/migrator.hpp"
#include "common/db/pg_clock_store.hpp"
#include "common/db/pg_command_store.hpp"
#include "common/db/pg_key_store.hpp"
#include "common/db/pg_news_listener.hpp"
#include "common/db/pg_scheduler_directory.hpp"
#include "common/db/pg_scheduler_store.hpp"
#include "common/db/pg_statistics_store.hpp"
#include "common/db/session.hpp"
#include "common/http/status_pages.hpp"
#include "common/logging.hpp"
#include "common/random.hpp"
#include "common/service/service_notifier.hpp"
#include "common/shutdown_signal.hpp"
#include "common/transport/curve_key_file.hpp"
#include "common/transport/zmq_control_server.hpp"
#include "common/ulid.hpp"
#include "common/version.hpp"
#include "scheduler/config.hpp"
#include "scheduler/control_plane.hpp"
#include "scheduler/fleet_watch.hpp"
#include "scheduler/scheduler.hpp"

namespace {

using namespace lethe;

/// What the control plane is made of; only there when it is served.
class ServedControl {
 public:
  ServedControl(const scheduler::ControlSettings& control, const std::string& database,
                const std::string& holder, Clock& clock, Supervision& supervision)
      : ids_(clock, random_),
        session_(db::control_session(database, "lethe-scheduler/control")),
        news_(database, "lethe-scheduler/news"),
        server_({.workers = control.workers,
                 .operators = control.operators,
                 .events = control.events,
                 .host = control.host,
                 .key = key_of(control)}),
        plane_({.holder = holder, .version = std::string(version)}, clock, supervision, server_,
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
  db::check_control_connection(settings.text("database"));
  const auto control = scheduler::control_settings(settings);
  if (!control.key_file.empty()) static_cast<void>(transport::read_key_file(control.key_file));
}

/// Counts the fleet while this scheduler leads, with a connection of its own.
class Counting {
 public:
  Counting(const Settings& settings, Clock& clock, const scheduler::LeaderStatus& status,
           Supervision& supervision)
      : session_(db::control_session(settings.text("database"), "lethe-scheduler/statistics")),
        store_(session_),
        watch_(options(settings, supervision), clock, random_, status, store_) {}

  [[nodiscard]] const scheduler::FleetWatch& watch() const { return watch_; }
  void run(const std::stop_token& stop) { watch_.run(stop); }

 private:
  static scheduler::FleetWatch::Options options(const Settings& settings,
                                                Supervision& supervision) {
    const auto interval = std::chrono::seconds(settings.number("statistics_seconds"));
    const LoopMark mark =
        supervision.add("statistics", {.success = 3 * interval + std::chrono::seconds(30),
                                       .turn = 6 * interval + std::chrono::minutes(5)});
    mark.rest();
    return {.interval = interval, .mark = mark};
  }

  SeededRandom random_;
  db::Session session_;
  db::PgStatisticsStore store_;
  scheduler::FleetWatch watch_;
};

/// What a scheduler shows at /metrics.
MetricFamilies metrics_of(const scheduler::SchedulerMetrics& own,
                          const std::optional<std::int64_t>& term,
                          const std::optional<FleetStatistics>& fleet) {
  MetricFamilies families = own.families();
  const auto add = [&families](MetricFamilies more) {
    for (MetricFamily& family : more) families.push_back(std::move(family));
  };
  add(scheduler::leadership_metrics(term));
  if (fleet) add(scheduler::fleet_metrics(*fleet));
  return families;
}

/// Wires the process together, bottom layer first; destruction runs the other way round.
void run(const Settings& settings) {
  const ShutdownSignal shutdown;  // before any other thread
  SystemClock clock;
  Supervision supervision(clock);
  scheduler::SchedulerMetrics metrics;
  scheduler::LeaderStatus leading;
  Counting counting(settings, clock, leading, supervision);
  const std::stop_callback on_drain(shutdown.drain(), [&supervision] { supervision.stop(); });
  const http::StatusServer status(settings, {.program = "lethe-scheduler",
                                             .version = std::string(version),
                                             .supervision = supervision,
                                             .metrics = [&] {
                                               return metrics_of(metrics, leading.term(clock.now()),
                                                                 counting.watch().statistics());
                                             }});
  const service::ServiceNotifier notifier(supervision, clock);
  SeededRandom random;
  IdMaker ids(clock, random);
  db::Session session(db::leader_session(settings.text("database"), "lethe-scheduler"));
  db::Migrator migrator(session);
  db::PgLeadership leadership(session);
  db::PgSchedulerStore store(session, ids);
  db::PgClockStore clock_store(session);

  if (!wait_for_control(migrator, clock, random, shutdown.drain())) return;
  supervision.serve();
  const std::jthread counts([&counting](const std::stop_token& stop) { counting.run(stop); });
  // A pid comes back and containers share theirs; the id makes the holder unique.
  const std::string holder = instance_name() + "/" + ids.next();
  const auto control = scheduler::control_settings(settings);
  std::optional<ServedControl> served;
  if (control.is_served())
    served.emplace(control, settings.text("database"), holder, clock, supervision);
  scheduler::run_scheduler(scheduler::scheduler_options(settings, holder),
                           {.clock = clock,
                            .random = random,
                            .leadership = leadership,
                            .store = store,
                            .clock_store = clock_store,
                            .supervision = supervision,
                            .status = leading,
                            .metrics = metrics},
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
