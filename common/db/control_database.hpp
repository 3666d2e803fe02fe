#pragma once

#include "common/db/migrator.hpp"
#include "common/db/pg_audit_store.hpp"
#include "common/db/pg_command_store.hpp"
#include "common/db/pg_dead_store.hpp"
#include "common/db/pg_fleet_store.hpp"
#include "common/db/pg_inspector.hpp"
#include "common/db/pg_key_store.hpp"
#include "common/db/pg_policy_store.hpp"
#include "common/db/pg_proof_store.hpp"
#include "common/db/pg_run_store.hpp"
#include "common/db/pg_scheduler_directory.hpp"
#include "common/db/pg_statistics_store.hpp"
#include "common/db/pg_target_store.hpp"
#include "common/db/pg_task_store.hpp"
#include "common/db/pg_tenant_store.hpp"
#include "common/db/session.hpp"
#include "common/ulid.hpp"

namespace lethe::db {

/// The control database as operators use it: every store on one session, connected at first use.
class ControlDatabase {
 public:
  /// `clock` and `random` are borrowed and must outlive the object.
  ControlDatabase(std::string connection, std::string application_name, Clock& clock,
                  Random& random)
      : session_(control_session(std::move(connection), std::move(application_name))),
        ids_(clock, random) {}

  [[nodiscard]] TargetStore& targets() { return targets_; }
  [[nodiscard]] PolicyStore& policies() { return policies_; }
  [[nodiscard]] RunStore& runs() { return runs_; }
  [[nodiscard]] TaskStore& tasks() { return tasks_; }
  [[nodiscard]] DeadStore& dead() { return dead_; }
  [[nodiscard]] TenantStore& tenants() { return tenants_; }
  [[nodiscard]] Inspector& inspector() { return inspector_; }
  [[nodiscard]] FleetStore& fleet() { return fleet_; }
  [[nodiscard]] AuditStore& audit() { return audit_; }
  [[nodiscard]] ProofStore& proof() { return proof_; }
  [[nodiscard]] CommandStore& commands() { return commands_; }
  [[nodiscard]] KeyStore& keys() { return keys_; }
  [[nodiscard]] SchedulerDirectory& schedulers() { return schedulers_; }
  [[nodiscard]] StatisticsStore& statistics() { return statistics_; }
  [[nodiscard]] Migrations& migrations() { return migrations_; }

 private:
  Session session_;
  IdMaker ids_;
  PgTargetStore targets_{session_};
  PgPolicyStore policies_{session_};
  PgRunStore runs_{session_, ids_};
  PgTaskStore tasks_{session_, ids_};
  PgDeadStore dead_{session_};
  PgTenantStore tenants_{session_};
  PgInspector inspector_{session_};
  PgFleetStore fleet_{session_};
  PgAuditStore audit_{session_};
  PgProofStore proof_{session_};
  PgCommandStore commands_{session_, ids_};
  PgKeyStore keys_{session_};
  PgSchedulerDirectory schedulers_{session_};
  PgStatisticsStore statistics_{session_};
  Migrator migrations_{session_};
};

}  // namespace lethe::db
