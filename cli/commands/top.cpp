#include "cli/commands/top.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.hpp"
#include "cli/top_view.hpp"
#include "common/store_error.hpp"

namespace lethe::cli {
namespace {

constexpr std::chrono::milliseconds interval{1'000};
constexpr std::chrono::milliseconds first_interval{600};  // enough to measure a pace
constexpr int lines_without_end = 10'000;

FleetView look(Stores& stores) {
  FleetView view;
  view.workers = stores.fleet.workers(false);
  view.runs = stores.runs.list({.policy = "", .target = "", .open_only = true});
  for (const auto& [state, count] : stores.statistics.open_runs()) view.open_runs += count;
  // Some may have begun since they were counted.
  view.open_runs = std::max(view.open_runs, static_cast<std::int64_t>(view.runs.size()));
  view.policies = stores.statistics.policies();
  view.targets = stores.targets.list();
  view.pauses = stores.fleet.pauses();
  return view;
}

/// The screen, again and again. A database that is away for a while is said so, and looked for.
class Screen {
 public:
  explicit Screen(Services& services) : services_(services) {}

  void draw() {
    Environment& environment = services_.environment();
    std::string trouble;
    try {
      FleetView view = look(services_.stores());
      seen_at_ = environment.clock.now();
      gauge_.measure(view, *seen_at_);
      view_ = std::move(view);
    } catch (const StoreError& error) {
      // Not at the first look: a wrong address is not waited for. Nor rights that are missing.
      if (!seen_at_ || error.failure() == Failure::rejected) throw;
      trouble = fmt::format("{} ago; the control database does not answer: {}\n",
                            duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(
                                environment.clock.now() - *seen_at_)),
                            one_line(error.detail()));
    }
    const int lines = environment.terminal.lines - (trouble.empty() ? 0 : 1);
    environment.out << "\x1b[H\x1b[J" << trouble << top_text(view_, lines) << std::flush;
  }

 private:
  Services& services_;
  FleetGauge gauge_;
  FleetView view_;
  std::optional<Clock::time_point> seen_at_;
};

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
  const std::stop_token interrupted = environment.interrupted();
  Screen screen(services);
  do {
    screen.draw();
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
