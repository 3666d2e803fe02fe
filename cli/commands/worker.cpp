#include "cli/commands/worker.hpp"

#include <array>

#include "cli/lookup.hpp"
#include "cli/order.hpp"
#include "cli/records.hpp"

namespace lethe::cli {
namespace {

struct Verb {
  const char* name;
  const char* summary;
  const char* order;
};

constexpr std::array<Verb, 3> verbs{{
    {"quiet", "Lets a worker lease nothing new; what it has in hand goes on", "worker.quiet"},
    {"resume", "Lets a quiet worker lease again", "worker.resume"},
    {"stop", "Lets a worker end what it has in hand and exit", "worker.stop"},
}};

void add_list(const Command& worker) {
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
}

ExitCode show(Services& services, const std::string& id) {
  services.output().card(worker_details(find_worker(services.stores(), id)));
  return ExitCode::done;
}

}  // namespace

void add_worker(const Command& root) {
  const Command worker = root.add("worker", "The processes that do the work",
                                  "lethe worker list\nlethe worker quiet 3");
  add_list(worker);
  worker.add("show", "Shows one worker", "lethe worker show 3")
      .runs_with("ID", "of the worker", show);
  for (const Verb& verb : verbs) {
    worker.add(verb.name, verb.summary, std::string("lethe worker ") + verb.name + " 3")
        .runs_with("ID", "of the worker", [&verb](Services& services, const std::string& id) {
          const WorkerRow row = find_worker(services.stores(), id);
          return give_order(services, verb.order, std::to_string(row.id));
        });
  }
}

}  // namespace lethe::cli
