#include "common/db/pg_worker_registry.hpp"

#include <nlohmann/json.hpp>

#include "common/db/pg_scheduler_directory.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

namespace {

std::vector<TaskId> task_ids(const std::string& json) {
  std::vector<TaskId> ids;
  for (const auto& id : nlohmann::json::parse(json)) ids.push_back(TaskId{id.get<std::string>()});
  return ids;
}

Wanted wanted_from(const std::string& name) {
  for (const Wanted wanted : {Wanted::running, Wanted::quiet, Wanted::stop})
    if (name == to_string(wanted)) return wanted;
  throw StoreError(Failure::rejected, "workers", "", "unknown wish for a worker: " + name);
}

}  // namespace

Registration PgWorkerRegistry::register_worker(const WorkerInfo& info) {
  return transact(session_, "workers_insert", [&](Transaction& transaction) {
    const auto row =
        transaction
            .exec(queries::workers_insert,
                  Params::of(info.instance, info.version, info.slots, to_array(info.targets),
                             to_array(info.lanes), to_string(info.wanted), info.previous.value))
            .at(0);
    return Registration{.worker = WorkerId{number(row, "id")},
                        .wanted = wanted_from(text(row, "wanted"))};
  });
}

BeatReply PgWorkerRegistry::beat(WorkerId worker, std::int32_t busy, bool draining) {
  return transact(session_, "workers_beat", [&](Transaction& transaction) {
    BeatReply reply;
    const auto rows = transaction.exec(
        queries::workers_beat, Params::of(worker.value, busy, draining ? "draining" : "running"));
    reply.known = !rows.empty();
    if (!reply.known) return reply;
    reply.wanted = wanted_from(text(rows.at(0), "wanted"));
    reply.cancelled = task_ids(text(rows.at(0), "cancelled"));
    reply.stopped = task_ids(text(rows.at(0), "stopped"));
    return reply;
  });
}

void PgWorkerRegistry::leave(WorkerId worker) {
  transact(session_, "workers_leave", [&](Transaction& transaction) {
    transaction.exec(queries::workers_leave, Params::of(worker.value));
  });
}

std::vector<SchedulerAddress> PgWorkerRegistry::schedulers() {
  return PgSchedulerDirectory(session_).live();
}

}  // namespace lethe::db
