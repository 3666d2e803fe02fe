#include "cli/commands/migrate.hpp"

#include <fmt/format.h>

#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

Record step_record(const Migrations::Step& step) {
  return {{"version", step.version},
          {"name", step.name},
          {"applied_at", or_null(step.applied_at), Show::instant}};
}

ExitCode migrate_up(Services& services) {
  const auto applied = services.migrations().up();
  if (!applied.empty() && !services.output().is_json())
    services.output().text(
        fmt::format("applied {}:\n",
                    counted(static_cast<std::int64_t>(applied.size()), "migration", "migrations")));
  services.output().list(records_of(applied, step_record), {"version", "name"},
                         "the control schema is up to date");
  return ExitCode::done;
}

ExitCode migrate_status(Services& services) {
  services.output().list(records_of(services.migrations().status(), step_record),
                         {"version", "name", "applied_at"}, "this program has no migrations");
  return ExitCode::done;
}

ExitCode migrate_sql(Services& services) {
  services.output().text(services.migrations().pending_sql());
  return ExitCode::done;
}

}  // namespace

void add_migrate(const Command& root) {
  const Command migrate = root.add("migrate", "Installs or upgrades the control schema (up)",
                                   "lethe migrate\nlethe migrate status --output json\n"
                                   "lethe migrate sql > control.sql");
  migrate.runs(migrate_up);
  migrate.add("up", "Applies what is pending", "lethe migrate up").runs(migrate_up);
  migrate.add("status", "Lists the migrations and when they were applied", "lethe migrate status")
      .runs(migrate_status);
  migrate.add("sql", "Prints what is pending, for a DBA to review", "lethe migrate sql")
      .runs(migrate_sql);
}

}  // namespace lethe::cli
