#include "common/db/pg_audit_store.hpp"

#include "common/db/queue_steps.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

void PgAuditStore::record(const AuditEntry& entry, const std::string& actor) {
  transact(session_, "audit_record", [&](Transaction& transaction) {
    audit(transaction, actor, entry.action, entry.object, entry.detail);
  });
}

}  // namespace lethe::db
