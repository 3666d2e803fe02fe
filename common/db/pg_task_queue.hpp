#pragma once

#include "common/db/session.hpp"
#include "common/tasks/task_queue.hpp"
#include "common/ulid.hpp"

namespace lethe::db {

/// TaskQueue and WorkerRegistry in the control database. A worker process uses two objects on two
/// sessions, so that a slow settlement cannot hold up a heartbeat.
class PgTaskQueue final : public TaskQueue, public WorkerRegistry {
 public:
  /// Both are borrowed and must outlive the queue.
  PgTaskQueue(Session& session, IdMaker& ids) : session_(session), ids_(ids) {}

  std::vector<LeasedTask> lease(const LeaseRequest& request) override;
  std::vector<Settled> settle(const std::vector<Settlement>& settlements) override;
  std::optional<RunContext> run_context(const RunId& run) override;

  WorkerId register_worker(const WorkerInfo& info) override;
  BeatReply beat(WorkerId worker, std::int32_t busy, bool draining) override;
  void leave(WorkerId worker) override;

 private:
  Session& session_;
  IdMaker& ids_;
};

}  // namespace lethe::db
