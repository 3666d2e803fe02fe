#include "cli/commands/acknowledge.hpp"

#include <fmt/format.h>

#include "cli/lookup.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

ExitCode report(Services& services, const std::string& what, const std::string& name,
                bool was_frozen) {
  services.output().result({{"what", what}, {"name", or_null(name)}, {"was_frozen", was_frozen}},
                           fmt::format("{}{} acknowledged{}", what, name.empty() ? "" : " " + name,
                                       was_frozen ? "" : "; it was not frozen"));
  return ExitCode::done;
}

/// The gates first: a batch that found one frozen would freeze the fleet again.
ExitCode acknowledge_clock(Services& services) {
  Stores& stores = services.stores();
  ExitCode code = ExitCode::done;
  for (const TargetRow& target : stores.targets.list()) {
    try {
      services.target(target.name, target.url)->thaw(Freeze::Kind::clock);
    } catch (const UserError& error) {
      code = ExitCode::failed;
      services.note(
          fmt::format("lethe: {}; if its gate is frozen it stays so, run the command "
                      "again when it can be reached",
                      error.what()));
    }
  }
  const bool was_frozen = stores.fleet.thaw({PauseScope::all, ""}, services.actor());
  report(services, "clock", "", was_frozen);
  return code;
}

ExitCode acknowledge_target(Services& services, const std::string& name) {
  Stores& stores = services.stores();
  const TargetRow target = find_target(stores, name);
  services.target(target.name, target.url)->thaw(Freeze::Kind::database);
  return report(services, "target", name,
                stores.fleet.thaw({PauseScope::target, name}, services.actor()));
}

}  // namespace

void add_clock(const Command& root) {
  const Command clock = root.add("clock", "The control database's clock, by which rows grow old",
                                 "lethe clock acknowledge");
  clock
      .add("acknowledge", "Says that the clocks are right, and ends the freeze after a jump",
           "lethe clock acknowledge")
      .runs(acknowledge_clock);
}

void add_acknowledge_of_target(const Command& target) {
  target
      .add("acknowledge",
           "Takes the database that is there now for the target, and ends its freeze",
           "lethe target acknowledge app")
      .runs_with("NAME", "of the target", acknowledge_target);
}

}  // namespace lethe::cli
