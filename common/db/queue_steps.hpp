#pragma once

// Private to common/db: the steps that transactions on the queue are made of. Locks are taken in
// this order everywhere: slots, tasks by id, runs, the audit.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/control/operator_store.hpp"
#include "common/db/transact.hpp"
#include "common/tasks/task_queue.hpp"
#include "common/ulid.hpp"

namespace lethe::db {

/// What happened to tenants of targets since their admission looked last.
class Touches {
 public:
  struct Change {
    std::int64_t freed = 0;    ///< slots given back
    std::int64_t cost_ms = 0;  ///< beyond what admission charged; may be negative
    /// The first place at which something new waits: none when nothing does, 0 when it is not
    /// known.
    std::optional<std::int64_t> place = std::nullopt;

    Change& operator+=(const Change& other);
  };
  using Tenants = std::map<std::string, Change>;

  void add(const std::string& target, const std::string& tenant, const Change& change);
  /// Something new of `tenant` ("" for no single one) waits.
  void add_waiting(const std::string& target, const std::string& tenant);
  [[nodiscard]] const std::map<std::string, Tenants>& targets() const { return targets_; }

 private:
  std::map<std::string, Tenants> targets_;
};

/// Locks the admission of these targets until the end of the transaction.
void lock_slots(Transaction& transaction, const std::vector<std::string>& targets);

/// Locks the admission of those of these targets that nobody else has locked, and returns them.
[[nodiscard]] std::vector<std::string> try_lock_slots(Transaction& transaction,
                                                      const std::vector<std::string>& targets);

/// Tells the targets' lines of tenants what happened. Slots must be locked.
void touch(Transaction& transaction, const Touches& touches);

/// Counts what is admitted and looks for what waits anew: after rare changes. Slots must be locked.
/// `thorough` also finds tenants that nobody touched, by reading every line from its beginning.
void recount(Transaction& transaction, const std::vector<std::string>& targets,
             bool thorough = true);

/// Admits waiting tasks of these targets up to every cap; how many, of those targets where some
/// were. Slots must be locked.
std::vector<ReadyTasks> admit(Transaction& transaction, const std::vector<std::string>& targets);

/// The same, and tells the schedulers that listen, so that somebody leases them at once. For what
/// operators and schedulers do: workers, who do it all the time, tell without the database.
void admit_and_tell(Transaction& transaction, const std::vector<std::string>& targets);

/// Tells the schedulers that listen, once the transaction is committed (common/control/
/// control_store.hpp, ControlNews). Nothing may depend on it.
void tell(Transaction& transaction, const std::string& news);

/// recount() and admit_and_tell(): how every transaction ends that changed tasks with their slots
/// locked.
void rebalance(Transaction& transaction, const std::vector<std::string>& targets);

/// Moves a run on if nothing of it is left to do: begins a queued one, opens verification or the
/// next pass, or ends it. `verified` is the outcome of its verification when that ends in this
/// transaction. New tasks wait; `touches` says of whom.
void advance_run(Transaction& transaction, const std::string& run, IdMaker& ids, Touches& touches,
                 const std::optional<VerifyOutcome>& verified = std::nullopt);

/// Adds tasks to a run; those whose source_id is there already are skipped. The caller touches the
/// run's tenant.
struct QueuedTask {
  std::string id;
  std::string source_id;  ///< "" for none
  std::string kind;
  std::string payload;          ///< msgpack
  std::int64_t batch_size = 0;  ///< of the first batch; 0: the strategy's default
};
void insert_tasks(Transaction& transaction, const std::string& run,
                  const std::vector<QueuedTask>& tasks,
                  const std::optional<std::string>& not_before = std::nullopt);

/// Freezes everything or a target, unless it is frozen already: nothing of it is leased, admitted
/// or fired until PgFleetStore::thaw. Slots must be locked, and counted anew afterwards. True when
/// it was not frozen before.
bool freeze(Transaction& transaction, const Pause& what, const std::string& reason);

/// Records an operator's action in the audit chain.
void audit(Transaction& transaction, const std::string& actor, const std::string& action,
           const std::string& object, const std::string& detail);

[[nodiscard]] std::vector<std::string> all_target_names(Transaction& transaction);

/// `text` without bytes that PostgreSQL cannot store and cut to 2 kB: for error columns.
[[nodiscard]] std::string storable(const std::string& text);

}  // namespace lethe::db
