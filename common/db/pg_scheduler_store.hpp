#pragma once

#include <set>
#include <string>

#include "common/control/scheduler_store.hpp"
#include "common/db/session.hpp"
#include "common/ulid.hpp"

namespace lethe::db {

class Transaction;

/// Leadership as a row with a term.
class PgLeadership final : public Leadership {
 public:
  /// `session` is borrowed and must outlive the object.
  explicit PgLeadership(Session& session) : session_(session) {}
  std::optional<Term> campaign(const std::string& holder,
                               std::chrono::milliseconds length) override;
  void resign(const Term& term) override;

 private:
  Session& session_;
};

/// The leader's duties in the control database.
class PgSchedulerStore final : public SchedulerStore {
 public:
  /// Both are borrowed and must outlive the store.
  PgSchedulerStore(Session& session, IdMaker& ids) : session_(session), ids_(ids) {}

  std::vector<DuePolicy> due_policies(std::int32_t policies_max, const std::string& after) override;
  Fired fire(const Term& term, const Firing& firing) override;
  std::int32_t promote(const Term& term, std::int32_t tasks_max) override;
  std::vector<Rescue> rescue(const Term& term, std::chrono::milliseconds worker_ttl,
                             std::int32_t tasks_max, bool deadlines) override;
  std::int32_t expire(const Term& term, std::int32_t tasks_max) override;
  std::int32_t close_runs(const Term& term, std::int32_t runs_max) override;
  void advance_lanes(const Term& term) override;
  void recount(const Term& term, const std::function<bool()>& goes_on) override;
  void keep_house(const Term& term, const KeepDays& days) override;

 private:
  Fired make_run(Transaction& transaction, const Firing& firing);
  void advance(Transaction& transaction, const std::set<std::string>& runs);

  Session& session_;
  IdMaker& ids_;
  int recounts_ = 0;
};

}  // namespace lethe::db
