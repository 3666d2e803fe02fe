#pragma once

#include "common/control/operator_store.hpp"
#include "common/db/session.hpp"
#include "common/ulid.hpp"

namespace lethe::db {

/// TaskStore in the control database.
class PgTaskStore final : public TaskStore {
 public:
  /// Both are borrowed and must outlive the store.
  PgTaskStore(Session& session, IdMaker& ids) : session_(session), ids_(ids) {}

  std::vector<TaskRow> list(const TaskFilter& filter) override;
  std::optional<TaskRow> find(const std::string& id) override;
  std::optional<TaskSituation> why(const std::string& id) override;
  void cancel(const std::string& id, const std::string& actor) override;
  void retry(const std::string& id, const std::string& actor) override;
  void snooze(const std::string& id, const std::string& delay, const std::string& actor) override;
  void release(const std::string& id, const std::string& actor) override;

 private:
  std::vector<TaskRow> read(const std::optional<std::string>& id, const TaskFilter& filter);
  /// The task, live or dead; UserError when there is none.
  TaskRow require(const std::string& id);
  void retry_dead(const TaskRow& task, const std::string& actor);

  Session& session_;
  IdMaker& ids_;
};

}  // namespace lethe::db
