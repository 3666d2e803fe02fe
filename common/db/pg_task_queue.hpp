#pragma once

#include <memory>

#include "common/clock.hpp"
#include "common/db/session.hpp"
#include "common/store_error.hpp"
#include "common/tasks/task_queue.hpp"
#include "common/ulid.hpp"

namespace lethe::db {

class AdmissionNews;
enum class Patience;

/// TaskQueue in the control database.
///
/// Ending leases needs no lock that workers share, so it commits at once. What it means for the
/// admission of tasks is delivered in a transaction of its own: at once when fewer tasks were ready
/// than asked for, else now and then, so that a busy fleet pays for it once per many tasks. An
/// error of that is thrown by the next exchange, before it does anything.
class PgTaskQueue final : public TaskQueue {
 public:
  /// All are borrowed and must outlive the queue.
  PgTaskQueue(Session& session, IdMaker& ids, const Clock& clock);
  ~PgTaskQueue() override;

  Exchange exchange(const std::vector<Settlement>& settlements,
                    const std::optional<LeaseRequest>& request) override;
  void catch_up() override;
  std::optional<RunContext> run_context(const RunId& run, TaskKind kind) override;

 private:
  Exchange turn(const std::vector<Settlement>& settlements,
                const std::optional<LeaseRequest>& request);
  void top_up(LeaseRequest request, std::int32_t missing, std::vector<LeasedTask>& leased);
  [[nodiscard]] bool is_due() const;
  void deliver_due();
  void admit_now(const std::vector<std::string>& also, Patience patience);
  void tell(const std::vector<LeasedTask>& leased);

  Session& session_;
  IdMaker& ids_;
  const Clock& clock_;
  std::unique_ptr<AdmissionNews> news_;
  Clock::time_point delivered_at_{};
  std::optional<StoreError> put_off_;
  std::vector<ReadyTasks> untold_;  // admitted since tell()
};

}  // namespace lethe::db
