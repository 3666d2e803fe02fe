#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/db/session.hpp"
#include "common/tasks/archive_store.hpp"
#include "common/tasks/task_runner.hpp"

namespace lethe::db {

class Transaction;
enum class BatchForm;

/// How long a batch waits for a lock.
inline constexpr std::chrono::milliseconds batch_lock_timeout{500};

/// Whether to work in a target as a role that is a superuser or may become one: code in triggers of
/// a cleaned table would run with all rights.
enum class Superusers { allow, refuse };

/// TaskRunner over libpqxx: one connection per target, opened when first used. Each step is one
/// transaction that begins with the fence and the gate (batch_transaction.hpp).
class PgTaskRunner final : public TaskRunner {
 public:
  /// A batch waits for a lock at most `lock_timeout`. `archive`: for policies that archive into
  /// files, which fail without; null: there is none.
  explicit PgTaskRunner(std::string application_name, Superusers superusers = Superusers::allow,
                        std::chrono::milliseconds lock_timeout = batch_lock_timeout,
                        std::unique_ptr<ArchiveStore> archive = nullptr)
      : application_name_(std::move(application_name)),
        superusers_(superusers),
        lock_timeout_(lock_timeout),
        archive_(std::move(archive)) {}

  std::variant<PlanFacts, TargetTrouble> look(const RunContext& run,
                                              const LeaseToken& lease) override;
  std::variant<Volume, TargetTrouble> weigh(const RunContext& run, const LeaseToken& lease,
                                            const RunBounds& bounds,
                                            std::int64_t rows_max) override;
  std::variant<BatchDone, TargetTrouble> clean(const RunContext& run, const LeaseToken& lease,
                                               const TaskPayload& payload,
                                               std::int64_t size) override;
  std::variant<Verified, TargetTrouble> verify(const RunContext& run, const LeaseToken& lease,
                                               const TaskPayload& payload) override;
  std::variant<Vacuumed, TargetTrouble> vacuum(const RunContext& run, const LeaseToken& lease,
                                               std::chrono::milliseconds time) override;
  void tidy() override;
  void cancel() noexcept override;

 private:
  struct Target {
    std::unique_ptr<Session> session;
    bool used = false;           ///< since the last tidy()
    bool role_is_known = false;  ///< it was looked at, and may work here
  };

  Session& session_for(const RunContext& run);
  /// Why no step of the run may begin; nothing when one may. Tells the target of a freeze.
  std::optional<TargetTrouble> frozen(const RunContext& run);
  /// As well as it can: a role that may not change the gate leaves it, and every batch looks for
  /// itself.
  void freeze_target(const RunContext& run, const Freeze& freeze) noexcept;
  /// Stops a transaction of a role that may not work here; asks once for each target in use.
  void require_role(Transaction& transaction, const RunContext& run);
  template <class Result, class Body>
  std::variant<Result, TargetTrouble> guarded(const RunContext& run, const LeaseToken& lease,
                                              Body&& body);
  /// Drops quarantined partitions whose time is over; what went wrong does not keep a plan from
  /// being made.
  void purge_due(const RunContext& run, const LeaseToken& lease, PlanFacts& facts);
  std::variant<BatchDone, TargetTrouble> clean_once(const RunContext& run, const LeaseToken& lease,
                                                    const TaskPayload& payload, std::int64_t size,
                                                    BatchForm form);
  /// A user's function gets a session of its own each time, as from a job scheduler: its temporary
  /// tables and settings go away with it. Says in `result` that the trouble is the function's, and
  /// for good where a smaller batch of rows would help others.
  void after_call(const RunContext& run, const TaskPayload& payload, bool calling,
                  std::variant<BatchDone, TargetTrouble>& result);
  /// Nothing when it could not be looked at.
  std::optional<Space> look_at_space_of(const RunContext& run, const LeaseToken& lease);
  /// Nothing when it was done.
  std::optional<TargetTrouble> vacuum_one(Session& session, const std::string& relation,
                                          std::chrono::milliseconds time);
  std::variant<BatchDone, TargetTrouble> after_unknown_commit(const RunContext& run,
                                                              const LeaseToken& lease,
                                                              const FenceTotals& before,
                                                              std::int64_t size);

  std::string application_name_;
  Superusers superusers_;
  std::chrono::milliseconds lock_timeout_;
  std::unique_ptr<ArchiveStore> archive_;
  std::map<std::string, Target> targets_;  // by URL; used only by the owning thread
  std::mutex running_mutex_;
  Session* running_ = nullptr;  // guarded by running_mutex_: what cancel() would cancel
};

}  // namespace lethe::db
