#include "cli/commands/top.hpp"

#include "cli/top_view.hpp"

namespace lethe::cli {
namespace {

constexpr std::chrono::milliseconds interval{1'000};
constexpr std::chrono::milliseconds first_interval{600};  // enough to measure a pace
constexpr int lines_without_end = 1'000;

FleetView look(Stores& stores) {
  FleetView view;
  view.workers = stores.fleet.workers(false);
  view.runs = stores.runs.list({.policy = "", .target = "", .open_only = true});
  view.targets = stores.targets.list();
  view.pauses = stores.fleet.pauses();
  return view;
}

ExitCode once(Services& services) {
  Stores& stores = services.stores();
  Clock& clock = services.environment().clock;
  FleetGauge gauge;
  FleetView before = look(stores);
  gauge.measure(before, clock.now());
  clock.wait_for(first_interval, services.environment().interrupted());
  FleetView view = look(stores);
  gauge.measure(view, clock.now());
  if (services.output().is_json()) {
    services.output().text(render_json({top_record(view)}));
  } else {
    services.output().text(top_text(view, lines_without_end));
  }
  return ExitCode::done;
}

ExitCode top(Services& services, const bool& is_once) {
  Environment& environment = services.environment();
  // Nothing to draw on: what a script gets is one look.
  if (is_once || services.output().is_json() || !environment.terminal.out) return once(services);
  FleetGauge gauge;
  const std::stop_token interrupted = environment.interrupted();
  do {
    FleetView view = look(services.stores());
    gauge.measure(view, environment.clock.now());
    environment.out << "\x1b[H\x1b[J" << top_text(view, environment.terminal.lines) << std::flush;
  } while (environment.clock.wait_for(interval, interrupted));
  return ExitCode::done;
}

}  // namespace

void add_top(const Command& root) {
  const auto is_once = std::make_shared<bool>(false);
  root.add("top", "Shows the fleet and what it does, again each second, until Ctrl-C",
           "lethe top\nlethe top --once\nlethe top --once --output json")
      .flag("--once", *is_once, "show it once and end; so also where there is no terminal")
      .runs(is_once, top);
}

}  // namespace lethe::cli
