#include "common/db/pg_command_store.hpp"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

/// What a command is carried out with.
struct Deed {
  Transaction& transaction;
  IdMaker& ids;
  const OperatorCommand& command;
};

CommandAnswer done(std::string detail) { return {.code = "done", .detail = std::move(detail)}; }

CommandAnswer answer_of(const UserError& error) {
  return {.code = error.code() == ExitCode::not_found ? "not_found" : "refused",
          .detail = error.what()};
}

std::int64_t worker_number(const std::string& object) {
  std::int64_t id = 0;
  const char* const end = object.data() + object.size();
  const auto [stop, error] = std::from_chars(object.data(), end, id);
  if (error != std::errc() || stop != end || id < 1)
    throw UserError(ExitCode::not_found, "no worker has this id; see lethe worker list");
  return id;
}

CommandAnswer want_of_worker(const Deed& deed, const std::string& wanted) {
  const std::int64_t id = worker_number(deed.command.object);
  const auto rows = deed.transaction.exec(queries::workers_want, Params::of(id, wanted));
  if (rows.empty())
    throw UserError(ExitCode::refused,
                    fmt::format("worker {} is not registered any more, or was told to stop; see "
                                "lethe worker list --all",
                                id));
  tell(deed.transaction, fmt::format("look {}", id));
  const std::string who = fmt::format("worker {} ({})", id, text(rows.at(0), "instance"));
  if (wanted == "quiet")
    return done(who + " leases nothing new; what it has in hand goes on to the end of its batch");
  if (wanted == "stop")
    return done(who + " leases nothing new, ends what it has in hand and exits");
  return done(who + " leases again");
}

/// Cancels the statements of those tasks that somebody works on.
std::size_t stop_tasks(Transaction& transaction, const pqxx::result& cancelled) {
  std::vector<std::string> leased;
  for (const auto& row : cancelled)
    if (flag(row, "was_leased")) leased.push_back(text(row, "id"));
  if (leased.empty()) return 0;
  for (const auto& row : transaction.exec(queries::stops_insert, Params::of(to_array(leased))))
    tell(transaction, fmt::format("look {}", number(row, "worker")));
  return leased.size();
}

std::string stopped_text(std::size_t tasks) {
  if (tasks == 0) return "nobody worked on it";
  return fmt::format("the statement{} in flight of {} task{} {} cancelled", tasks == 1 ? "" : "s",
                     tasks, tasks == 1 ? "" : "s", tasks == 1 ? "is" : "are");
}

CommandAnswer cancel_task(const Deed& deed) {
  const std::string& id = deed.command.object;
  const auto task = deed.transaction.exec(
      queries::items_list,
      Params::of(std::optional(id), std::nullopt, std::nullopt, std::nullopt, 1));
  if (task.empty())
    throw UserError(ExitCode::not_found, "no live task has this id; see lethe task list");
  const std::string target = text(task.at(0), "target");
  lock_slots(deed.transaction, {target});
  const auto cancelled = deed.transaction.exec(queries::items_cancel, Params::of(std::nullopt, id));
  if (cancelled.empty())
    throw UserError(ExitCode::refused, fmt::format("task {} has ended already", id));
  const std::size_t stopped = stop_tasks(deed.transaction, cancelled);
  Touches touches;
  advance_run(deed.transaction, text(cancelled.at(0), "run_id"), deed.ids, touches);
  rebalance(deed.transaction, {target});
  return done(fmt::format("task {} is taken out; {}", id, stopped_text(stopped)));
}

CommandAnswer cancel_run(const Deed& deed) {
  const std::string& id = deed.command.object;
  const auto run = deed.transaction.exec(
      queries::runs_list,
      Params::of(std::optional(id), std::nullopt, std::nullopt, false, 1, false));
  if (run.empty()) throw UserError(ExitCode::not_found, "no run has this id; see lethe run list");
  const std::string target = text(run.at(0), "target");
  lock_slots(deed.transaction, {target});
  // Tasks before runs, as everybody locks them. What a plan adds meanwhile, the scheduler finds.
  const auto cancelled = deed.transaction.exec(queries::items_cancel, Params::of(id, std::nullopt));
  if (deed.transaction.exec(queries::runs_request_cancel, Params::of(id)).empty())
    throw UserError(ExitCode::refused,
                    fmt::format("run {} has ended already: {}", id, text(run.at(0), "state")));
  const std::size_t stopped = stop_tasks(deed.transaction, cancelled);
  Touches touches;
  advance_run(deed.transaction, id, deed.ids, touches);
  rebalance(deed.transaction, {target});
  return done(
      fmt::format("run {} ends; {}; what was deleted stays deleted", id, stopped_text(stopped)));
}

CommandAnswer act(const Deed& deed) {
  const std::string& verb = deed.command.verb;
  if (verb == "worker.quiet") return want_of_worker(deed, "quiet");
  if (verb == "worker.resume") return want_of_worker(deed, "running");
  if (verb == "worker.stop") return want_of_worker(deed, "stop");
  if (verb == "task.cancel") return cancel_task(deed);
  if (verb == "run.cancel") return cancel_run(deed);
  return {.code = "unsupported", .detail = "this version does not know the verb"};
}

/// Acts, or changes nothing and says why: either is an answer that the command's id keeps.
CommandAnswer act_or_refuse(const Deed& deed) {
  deed.transaction.exec_text("SAVEPOINT act");
  try {
    return act(deed);
  } catch (const UserError& error) {
    deed.transaction.exec_text("ROLLBACK TO SAVEPOINT act");
    return answer_of(error);
  }
}

/// The answer that was given before, if it was to the same question.
CommandAnswer given_before(Transaction& transaction, const OperatorCommand& command) {
  const auto rows = transaction.exec(queries::commands_find, Params::of(command.id));
  if (rows.empty())  // housekeeping has forgotten it since we met it
    throw StoreError(Failure::retryable, "commands_carry_out", "",
                     "the command of this id was forgotten at this moment");
  const auto row = rows.at(0);
  if (text(row, "verb") != command.verb || text(row, "object") != command.object)
    return {.code = "refused", .detail = "this id was used for another command; choose a new one"};
  return {.code = text(row, "code"), .detail = text(row, "detail")};
}

}  // namespace

CommandAnswer PgCommandStore::carry_out(const OperatorCommand& command, const std::string& actor) {
  return transact(session_, "commands_carry_out", [&](Transaction& transaction) {
    const auto begun = transaction.exec(
        queries::commands_begin, Params::of(command.id, command.verb, command.object, actor));
    if (begun.affected_rows() == 0) return given_before(transaction, command);
    CommandAnswer answer = act_or_refuse({transaction, ids_, command});
    transaction.exec(queries::commands_finish,
                     Params::of(command.id, answer.code, storable(answer.detail)));
    if (answer.is_done()) audit(transaction, actor, command.verb, command.object, command.id);
    return answer;
  });
}

}  // namespace lethe::db
