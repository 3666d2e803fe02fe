#include "common/db/queue_steps.hpp"

#include <nlohmann/json.hpp>

#include "common/control/run_step.hpp"
#include "common/db/queries.gen.hpp"

namespace lethe::db {

void lock_slots(Transaction& transaction, const std::vector<std::string>& targets) {
  transaction.exec(queries::targets_lock_slots, Params::of(to_array(targets)));
}

void admit(Transaction& transaction, const std::vector<std::string>& targets) {
  transaction.exec(queries::items_admit, Params::of(to_array(targets)));
}

void advance_run(Transaction& transaction, const std::string& run, IdMaker& ids,
                 const std::optional<VerifyOutcome>& verified) {
  const auto rows = transaction.exec(queries::runs_progress, Params::of(run));
  if (rows.empty()) return;
  const auto row = rows.at(0);
  const RunProgress progress{.state = text(row, "state"),
                             .passes = number<std::int32_t>(row, "passes"),
                             .rows = number(row, "rows"),
                             .pass_rows = number(row, "pass_rows"),
                             .cancel_requested = flag(row, "cancel_requested"),
                             .live_tasks = number(row, "live_tasks"),
                             .cancelled_tasks = number(row, "cancelled_tasks"),
                             .dead_reason = text(row, "dead_reason")};
  const RunStep step = next_run_step(progress, verified);
  switch (step.kind) {
    case RunStep::Kind::wait: return;
    case RunStep::Kind::verify:
      transaction.exec(queries::runs_start_verify, Params::of(run, ids.next()));
      return;
    case RunStep::Kind::plan_again:
      transaction.exec(queries::runs_start_pass, Params::of(run, ids.next(), step.delay.count()));
      return;
    case RunStep::Kind::finish: {
      const auto error = step.error.empty() ? std::nullopt : std::optional(storable(step.error));
      transaction.exec(queries::runs_finish, Params::of(run, step.state, error));
      return;
    }
  }
}

void insert_tasks(Transaction& transaction, const std::string& run,
                  const std::vector<QueuedTask>& tasks) {
  auto list = nlohmann::json::array();
  for (const auto& task : tasks)
    list.push_back({{"id", task.id},
                    {"source_id", task.source_id},
                    {"kind", task.kind},
                    {"payload", to_bytea(task.payload)}});
  transaction.exec(queries::items_insert, Params::of(run, list.dump()));
}

void audit(Transaction& transaction, const std::string& actor, const std::string& action,
           const std::string& object, const std::string& detail) {
  transaction.exec(queries::audit_lock);
  transaction.exec(queries::audit_append, Params::of(actor, action, object, storable(detail)));
}

std::vector<std::string> all_target_names(Transaction& transaction) {
  std::vector<std::string> names;
  for (const auto& row : transaction.exec(queries::targets_names))
    names.push_back(text(row, "name"));
  return names;
}

std::string storable(const std::string& value) {
  constexpr std::size_t bytes_max = 2048;
  std::string result;
  for (const char c : value) {
    if (result.size() >= bytes_max) break;
    if (c != '\0') result += c;
  }
  // Do not leave half a UTF-8 character at the cut.
  while (!result.empty() && result.size() >= bytes_max &&
         (static_cast<unsigned char>(result.back()) & 0x80U) != 0)
    result.pop_back();
  return result;
}

}  // namespace lethe::db
