#include "cli/commands/worker.hpp"

#include "cli/lookup.hpp"
#include "cli/records.hpp"

namespace lethe::cli {

void add_worker(const Command& root) {
  const Command worker = root.add("worker", "The processes that do the work",
                                  "lethe worker list\nlethe worker show 3");
  const auto all = std::make_shared<bool>(false);
  worker.add("list", "Lists the workers that run", "lethe worker list --all --output json")
      .flag("--all", *all, "also those that are gone or lost")
      .runs([all](Services& services) {
        services.output().list(
            records_of(services.stores().fleet.workers(*all), worker_record),
            {"id", "instance", "version", "phase", "slots", "busy", "last_seen_ms", "lanes"},
            "no worker runs; start lethe-worker");
        return ExitCode::done;
      });
  const auto id = std::make_shared<std::string>();
  worker.add("show", "Shows one worker", "lethe worker show 3")
      .positional("ID", *id, "of the worker")
      .runs([id](Services& services) {
        services.output().card(worker_details(find_worker(services.stores(), *id)));
        return ExitCode::done;
      });
}

}  // namespace lethe::cli
