#include "cli/commands/up.hpp"

#include "cli/commands/up_session.hpp"

namespace lethe::cli {
namespace {

ExitCode up(Services& services, const FleetOptions& options) {
  UpSession session(services, options.size());
  session.start_daemons();
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
