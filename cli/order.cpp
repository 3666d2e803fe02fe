#include "cli/order.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/random.hpp"
#include "common/store_error.hpp"
#include "common/ulid.hpp"

namespace lethe::cli {
namespace {

/// A commit whose answer got lost is asked for again: the id makes that harmless.
CommandAnswer carry_out(Stores& stores, const OperatorCommand& command, const std::string& actor) {
  try {
    return stores.commands.carry_out(command, actor);
  } catch (const StoreError& error) {
    if (error.failure() != Failure::commit_unknown) throw;
    return stores.commands.carry_out(command, actor);
  }
}

bool is_passed_on(Stores& stores) {
  const auto schedulers = stores.schedulers.live();
  return std::any_of(schedulers.begin(), schedulers.end(),
                     [](const SchedulerAddress& one) { return !one.workers.empty(); });
}

}  // namespace

ExitCode give_order(Services& services, const std::string& verb, const std::string& object) {
  Stores& stores = services.stores();
  SeededRandom random;
  const OperatorCommand command{
      .id = new_ulid(services.environment().clock, random), .verb = verb, .object = object};
  const bool at_once = is_passed_on(stores);  // before: nothing may fail once it is committed
  const CommandAnswer answer = carry_out(stores, command, services.actor());
  if (!answer.is_done())
    throw UserError(answer.code == "not_found" ? ExitCode::not_found : ExitCode::refused,
                    answer.detail);
  services.output().result(
      {{"command", command.id},
       {"verb", verb},
       {"id", object},
       {"change", answer.detail},
       {"felt", std::string(at_once ? "at_once" : "next_heartbeat")}},
      fmt::format("{}; {}", answer.detail,
                  at_once ? "workers are told at once"
                          : "no scheduler can be reached by message, so workers learn of it with "
                            "their next heartbeat, within heartbeat_seconds"));
  return ExitCode::done;
}

}  // namespace lethe::cli
