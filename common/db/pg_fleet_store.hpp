#pragma once

#include "common/control/operator_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// FleetStore in the control database.
class PgFleetStore final : public FleetStore {
 public:
  /// `session` is borrowed and must outlive the store.
  explicit PgFleetStore(Session& session) : session_(session) {}

  std::vector<WorkerRow> workers(bool also_ended) override;
  std::optional<WorkerRow> worker(std::int64_t id) override;
  void pause(const Pause& pause, const std::string& reason, const std::string& actor) override;
  std::vector<PauseRow> pauses() override;
  bool resume(const Pause& pause, const std::string& actor) override;
  bool thaw(const Pause& freeze, const std::string& actor) override;

 private:
  std::vector<WorkerRow> read(const std::optional<std::int64_t>& id, bool also_ended);

  Session& session_;
};

}  // namespace lethe::db
