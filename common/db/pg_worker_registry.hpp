#pragma once

#include "common/db/session.hpp"
#include "common/tasks/task_queue.hpp"

namespace lethe::db {

/// WorkerRegistry in the control database, on a session of its own, so that a slow settlement
/// cannot hold up a heartbeat.
class PgWorkerRegistry final : public WorkerRegistry {
 public:
  /// `session` is borrowed and must outlive the object.
  explicit PgWorkerRegistry(Session& session) : session_(session) {}

  Registration register_worker(const WorkerInfo& info) override;
  BeatReply beat(WorkerId worker, std::int32_t busy, bool draining) override;
  void leave(WorkerId worker) override;
  std::vector<SchedulerAddress> schedulers() override;

 private:
  Session& session_;
};

}  // namespace lethe::db
