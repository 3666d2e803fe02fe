#include "cli/commands/run.hpp"

#include <fmt/format.h>

#include "cli/lookup.hpp"
#include "cli/order.hpp"
#include "cli/preview.hpp"
#include "cli/records.hpp"
#include "cli/run_watch.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t limit_max = 10'000;

struct ListOptions {
  std::string policy;
  std::string target;
  bool open = false;
  std::optional<std::int64_t> limit;
};

ExitCode list(Services& services, const ListOptions& options) {
  Stores& stores = services.stores();
  if (!options.policy.empty()) static_cast<void>(find_policy(stores, options.policy));
  if (!options.target.empty()) static_cast<void>(find_target(stores, options.target));
  RunFilter filter{.policy = options.policy, .target = options.target, .open_only = options.open};
  if (options.limit) filter.rows_max = static_cast<std::int32_t>(*options.limit);
  services.output().list(records_of(stores.runs.list(filter), run_record),
                         {"id", "policy", "target", "state", "strategy", "started_at",
                          "finished_at", "rows", "batches", "passes", "error"},
                         options.open ? "no run is open" : "no run yet");
  return ExitCode::done;
}

/// A target that is away or gone must not hide what the control database knows.
std::optional<RunTraces> find_traces(Services& services, const RunRow& run) {
  const auto target = services.stores().targets.find(run.target);
  if (!target) return std::nullopt;
  try {
    return services.target(target->name, target->url)->traces(run.id);
  } catch (const UserError& error) {
    services.note(fmt::format("parked rows and children are not counted: {}", error.what()));
    return std::nullopt;
  }
}

ExitCode show(Services& services, const std::string& id) {
  const RunRow run = find_run(services.stores(), id);
  const auto preview = services.stores().runs.preview_of(id);
  Record record = run_details(run, find_traces(services, run));
  for (Field& field : foreseen_fields(preview)) record.push_back(std::move(field));
  services.output().card(record);
  if (preview && !services.output().is_json())
    services.output().text("\n" + comparison_text(*preview, run));
  return ExitCode::done;
}

struct CancelOptions {
  std::string id;
  bool now = false;
};

ExitCode cancel(Services& services, const CancelOptions& options) {
  Stores& stores = services.stores();
  const RunRow run = find_run(stores, options.id);
  if (has_ended(run))
    throw UserError(ExitCode::refused,
                    fmt::format("run {} has ended already: {}", run.id, run.state));
  if (options.now) return give_order(services, "run.cancel", run.id);
  stores.runs.cancel(run.id, services.actor());
  services.output().result(
      {{"id", run.id}, {"change", std::string("cancel_requested")}},
      fmt::format("run {} ends after the batches in flight; what was deleted stays deleted",
                  run.id));
  return ExitCode::done;
}

}  // namespace

void add_run(const Command& root) {
  const Command run = root.add("run", "Firings of policies and ad-hoc cleanups",
                               "lethe run list --open\nlethe run watch 01JD3M3XQ7W3G5V9B1K2N4P6R8");
  const auto options = std::make_shared<ListOptions>();
  run.add("list", "Lists runs, the newest first",
          "lethe run list --policy executions-90d --limit 10\nlethe run list --open --output json")
      .option("--policy", options->policy, "only of this policy")
      .option("--target", options->target, "only in this target")
      .flag("--open", options->open, "only those that have not ended")
      .option("--limit", options->limit, {1, limit_max}, "at most so many (default 100)")
      .runs(options, list);
  run.add("show", "Shows one run", "lethe run show 01JD3M3XQ7W3G5V9B1K2N4P6R8")
      .runs_with("ID", "of the run", show);
  run.add("watch", "Follows a run to its end; exit 0 only when it is satisfied",
          "lethe run watch 01JD3M3XQ7W3G5V9B1K2N4P6R8")
      .runs_with("ID", "of the run", watch_run);
  const auto cancelled = std::make_shared<CancelOptions>();
  run.add("cancel", "Ends a run after the batches in flight",
          "lethe run cancel 01JD3M3XQ7W3G5V9B1K2N4P6R8\n"
          "lethe run cancel 01JD3M3XQ7W3G5V9B1K2N4P6R8 --now")
      .positional("ID", cancelled->id, "of the run")
      .flag("--now", cancelled->now, "do not wait for them: their statements are cancelled")
      .runs(cancelled, cancel);
}

}  // namespace lethe::cli
