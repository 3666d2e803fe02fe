#include "cli/commands/up.hpp"

#include "cli/commands/up_session.hpp"

namespace lethe::cli {
namespace {

ExitCode up(Services& services, const FleetOptions& options) {
  UpSession session(services, options.size());
  session.start_daemons();
  if (services.output().is_json()) {
    const LocalFleet& fleet = session.fleet();
    services.output().card({{"database", fleet.control_url()},
                            {"target", std::string(UpSession::target_name)},
                            {"target_url", fleet.target_url()},
                            {"directory", fleet.directory().string()},
                            {"workers", fleet.size().workers},
                            {"slots", fleet.size().slots}});
    services.environment().out.flush();
  } else {
    session.describe();
  }
  session.serve();
  return ExitCode::done;
}

}  // namespace

void add_up(const Command& root) {
  const auto options = std::make_shared<FleetOptions>();
  const Command command =
      root.add("up", "A whole fleet on this machine, with a private PostgreSQL, until Ctrl-C",
               "lethe up\nlethe up --workers 4 --slots 2");
  options->add_to(command);
  command.runs(options, up);
}

}  // namespace lethe::cli
