#include "cli/commands/task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/lookup.hpp"
#include "cli/order.hpp"
#include "cli/parsed.hpp"
#include "cli/records.hpp"
#include "cli/why.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"

namespace lethe::cli {
namespace {

constexpr const char* example_id = "01JD3M3XQ7W3G5V9B1K2N4P6R8";
constexpr std::int64_t limit_max = 10'000;
constexpr std::array<const char*, 5> live_states{"waiting", "ready", "leased", "scheduled",
                                                 "paused"};

struct ListOptions {
  std::string run;
  std::string target;
  std::string state;
  std::optional<std::int64_t> limit;
};

ExitCode list(Services& services, const ListOptions& options) {
  const bool is_state = options.state.empty() || std::find(live_states.begin(), live_states.end(),
                                                           options.state) != live_states.end();
  if (!is_state)
    throw UserError(ExitCode::usage,
                    fmt::format("--state: write one of {}", fmt::join(live_states, ", ")));
  Stores& stores = services.stores();
  if (!options.run.empty()) static_cast<void>(find_run(stores, options.run));
  if (!options.target.empty()) static_cast<void>(find_target(stores, options.target));
  TaskFilter filter{.run = options.run, .target = options.target, .state = options.state};
  if (options.limit) filter.rows_max = static_cast<std::int32_t>(*options.limit);
  services.output().list(records_of(stores.tasks.list(filter), task_record),
                         {"id", "policy", "target", "kind", "state", "attempts", "rescues",
                          "leased_by", "batches", "rows", "last_error"},
                         "no task is waiting or running");
  return ExitCode::done;
}

ExitCode show(Services& services, const std::string& id) {
  services.output().card(task_details(find_task(services.stores(), id)));
  return ExitCode::done;
}

ExitCode why(Services& services, const std::string& id) {
  Stores& stores = services.stores();
  std::string state;
  std::string sentence;
  if (const auto situation = stores.tasks.why(id)) {
    state = situation->state;
    sentence = why_sentence(*situation);
  } else {
    const TaskRow task = find_task(stores, id);
    state = task.state;
    sentence = ended_sentence(task);
  }
  services.output().result({{"id", id}, {"state", state}, {"why", sentence}}, sentence);
  return ExitCode::done;
}

struct Verb {
  const char* name;
  const char* summary;
  const char* change;  ///< in JSON
  const char* said;    ///< the sentence, after the id
  void (TaskStore::*act)(const std::string& id, const std::string& actor);
};

constexpr Verb cancel_verb{
    "cancel", "Takes a task out of its run", "cancel_requested",
    "is taken out, after its batch if it is leased; its run ends as cancelled", &TaskStore::cancel};

constexpr std::array<Verb, 2> verbs{{
    {"retry", "Runs a scheduled task now, or puts a dead letter back", "retried",
     "was put back in the queue", &TaskStore::retry},
    {"release", "Takes a leased task from its worker", "released",
     "was taken from its worker, whose batch is refused", &TaskStore::release},
}};

ExitCode act(Services& services, const Verb& verb, const std::string& id) {
  Stores& stores = services.stores();
  const TaskRow task = find_task(stores, id);
  (stores.tasks.*verb.act)(task.id, services.actor());
  services.output().result({{"id", task.id}, {"change", std::string(verb.change)}},
                           fmt::format("task {} {}", task.id, verb.said));
  return ExitCode::done;
}

struct CancelOptions {
  std::string id;
  bool now = false;
};

ExitCode cancel(Services& services, const CancelOptions& options) {
  if (!options.now) return act(services, cancel_verb, options.id);
  return give_order(services, "task.cancel", find_task(services.stores(), options.id).id);
}

void add_cancel(const Command& task) {
  const auto options = std::make_shared<CancelOptions>();
  task.add(cancel_verb.name, cancel_verb.summary,
           fmt::format("lethe task cancel {0}\nlethe task cancel {0} --now", example_id))
      .positional("ID", options->id, "of the task")
      .flag("--now", options->now, "do not wait for its batch: the statement is cancelled")
      .runs(options, cancel);
}

struct SnoozeOptions {
  std::string id;
  std::string duration;
};

ExitCode snooze(Services& services, const SnoozeOptions& options) {
  const Retention duration = parsed("--for", options.duration, parse_retention);
  Stores& stores = services.stores();
  const TaskRow task = find_task(stores, options.id);
  stores.tasks.snooze(task.id, to_interval(duration), services.actor());
  services.output().result({{"id", task.id}, {"change", std::string("snoozed")}},
                           fmt::format("task {} waits {} more, without spending an attempt",
                                       task.id, to_text(duration)));
  return ExitCode::done;
}

void add_snooze(const Command& task) {
  const auto options = std::make_shared<SnoozeOptions>();
  task.add("snooze", "Lets a task that nobody works on wait, without spending an attempt",
           fmt::format("lethe task snooze {} --for 2h", example_id))
      .positional("ID", options->id, "of the task")
      .required("--for", options->duration, "how long from now, such as 2h")
      .runs(options, snooze);
}

}  // namespace

void add_task(const Command& root) {
  const Command task =
      root.add("task", "The parts of runs that workers hold",
               "lethe task list --state leased\nlethe task why 01JD3M3XQ7W3G5V9B1K2N4P6R8");
  const auto options = std::make_shared<ListOptions>();
  task.add("list", "Lists live tasks",
           "lethe task list --target app --state scheduled\nlethe task list --output json")
      .option("--run", options->run, "only of this run")
      .option("--target", options->target, "only in this target")
      .option("--state", options->state, "waiting, ready, leased, scheduled or paused")
      .option("--limit", options->limit, {1, limit_max}, "at most so many (default 100)")
      .runs(options, list);
  task.add("show", "Shows one task, also an ended one",
           fmt::format("lethe task show {}", example_id))
      .runs_with("ID", "of the task", show);
  task.add("why", "Tells in one sentence why a task runs or does not",
           fmt::format("lethe task why {}", example_id))
      .runs_with("ID", "of the task", why);
  add_cancel(task);
  for (const Verb& verb : verbs) {
    task.add(verb.name, verb.summary, fmt::format("lethe task {} {}", verb.name, example_id))
        .runs_with("ID", "of the task", [&verb](Services& services, const std::string& id) {
          return act(services, verb, id);
        });
  }
  add_snooze(task);
}

}  // namespace lethe::cli
