#include "cli/app.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/commands/acknowledge.hpp"
#include "cli/commands/archive.hpp"
#include "cli/commands/audit.hpp"
#include "cli/commands/dead.hpp"
#include "cli/commands/demo.hpp"
#include "cli/commands/doctor.hpp"
#include "cli/commands/enqueue.hpp"
#include "cli/commands/events.hpp"
#include "cli/commands/hold.hpp"
#include "cli/commands/keys.hpp"
#include "cli/commands/ledger.hpp"
#include "cli/commands/migrate.hpp"
#include "cli/commands/parked.hpp"
#include "cli/commands/pause.hpp"
#include "cli/commands/policy.hpp"
#include "cli/commands/quarantine.hpp"
#include "cli/commands/report.hpp"
#include "cli/commands/row_why.hpp"
#include "cli/commands/run.hpp"
#include "cli/commands/target.hpp"
#include "cli/commands/task.hpp"
#include "cli/commands/tenant.hpp"
#include "cli/commands/top.hpp"
#include "cli/commands/up.hpp"
#include "cli/commands/worker.hpp"
#include "cli/text.hpp"
#include "common/store_error.hpp"

namespace lethe::cli {
namespace {

void add_commands(const Command& root) {
  add_migrate(root);
  add_target(root);
  add_policy(root);
  add_tenant(root);
  add_enqueue(root);
  add_run(root);
  add_task(root);
  add_dead(root);
  add_parked(root);
  add_quarantine(root);
  add_hold(root);
  add_archive(root);
  add_row_why(root);
  add_report(root);
  add_ledger(root);
  add_audit(root);
  add_worker(root);
  add_keys(root);
  add_events(root);
  add_top(root);
  add_pause(root);
  add_clock(root);
  add_doctor(root);
  add_up(root);
  add_demo(root);
}

ExitCode run_typed(const std::vector<std::string>& arguments, Environment& environment) {
  CommandLine line;
  add_commands(line.root());
  const Typed typed = line.parse(arguments);
  if (!typed.action) {
    environment.out << typed.help;
    return ExitCode::done;
  }
  Services services(environment, typed.database.empty() ? environment.database : typed.database,
                    typed.format);
  return typed.action(services);
}

void report(Environment& environment, const std::string& message) {
  environment.out.flush();
  environment.err << "lethe: " << one_line(message) << std::endl;
}

}  // namespace

ExitCode run_app(const std::vector<std::string>& arguments, Environment& environment) {
  try {
    return run_typed(arguments, environment);
  } catch (const UserError& error) {
    report(environment, error.what());
    return error.code();
  } catch (const StoreError& error) {
    if (error.failure() == Failure::connection_lost) {
      report(environment, fmt::format("cannot reach the control database: {}", error.detail()));
      return ExitCode::unreachable;
    }
    report(environment,
           fmt::format("control database: {} ({})", error.detail(), to_string(error.failure())));
    return ExitCode::failed;
  } catch (const BusError& error) {
    report(environment, fmt::format("messages: {}", error.what()));
    return ExitCode::failed;
  }
}

}  // namespace lethe::cli
