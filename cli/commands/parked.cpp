#include "cli/commands/parked.hpp"

#include "cli/lookup.hpp"
#include "cli/records.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t limit_default = 100;
constexpr std::int64_t limit_max = 10'000;

struct ParkedOptions {
  std::string target;
  std::string run;
  std::optional<std::int64_t> limit;
};

/// The target that was named, or the one of the run.
TargetRow target_of(Stores& stores, const ParkedOptions& options) {
  if (!options.target.empty()) return find_target(stores, options.target);
  if (!options.run.empty()) return find_target(stores, find_run(stores, options.run).target);
  throw UserError(ExitCode::usage, "which ones? give --target or --run");
}

ExitCode list(Services& services, const ParkedOptions& options) {
  const TargetRow target = target_of(services.stores(), options);
  const auto rows_max = static_cast<std::int32_t>(options.limit.value_or(limit_default));
  services.output().list(
      records_of(services.target(target.name, target.url)->parked(options.run, rows_max),
                 parked_record),
      {"run", "relation", "key", "sqlstate", "message", "at"}, "no row is parked");
  return ExitCode::done;
}

}  // namespace

void add_parked(const Command& root) {
  const Command parked = root.add(
      "parked", "Rows that a target refuses to delete, set aside for the rest of their run",
      "lethe parked list --target app");
  const auto options = std::make_shared<ParkedOptions>();
  parked
      .add("list", "Lists parked rows, the newest first",
           "lethe parked list --target app\n"
           "lethe parked list --run 01JD3M3XQ7W3G5V9B1K2N4P6R8 --output json")
      .option("--target", options->target, "where; not needed with --run")
      .option("--run", options->run, "only of this run")
      .option("--limit", options->limit, {1, limit_max}, "at most so many (default 100)")
      .runs(options, list);
}

}  // namespace lethe::cli
