#include "common/db/pg_worker_registry.hpp"

#include <nlohmann/json.hpp>

#include "common/db/queries.gen.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

WorkerId PgWorkerRegistry::register_worker(const WorkerInfo& info) {
  return transact(session_, "workers_insert", [&](Transaction& transaction) {
    const auto rows = transaction.exec(queries::workers_insert,
                                       Params::of(info.instance, info.version, info.slots,
                                                  to_array(info.targets), to_array(info.lanes)));
    return WorkerId{number(rows.at(0), "id")};
  });
}

BeatReply PgWorkerRegistry::beat(WorkerId worker, std::int32_t busy, bool draining) {
  return transact(session_, "workers_beat", [&](Transaction& transaction) {
    BeatReply reply;
    const auto rows = transaction.exec(
        queries::workers_beat, Params::of(worker.value, busy, draining ? "draining" : "running"));
    reply.known = !rows.empty();
    if (!reply.known) return reply;
    for (const auto& id : nlohmann::json::parse(text(rows.at(0), "cancelled")))
      reply.cancelled.push_back(TaskId{id.get<std::string>()});
    return reply;
  });
}

void PgWorkerRegistry::leave(WorkerId worker) {
  transact(session_, "workers_leave", [&](Transaction& transaction) {
    transaction.exec(queries::workers_leave, Params::of(worker.value));
  });
}

}  // namespace lethe::db
