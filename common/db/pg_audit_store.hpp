#pragma once

#include "common/control/operator_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// AuditStore in the control database.
class PgAuditStore final : public AuditStore {
 public:
  /// `session` is borrowed and must outlive the store.
  explicit PgAuditStore(Session& session) : session_(session) {}

  void record(const AuditEntry& entry, const std::string& actor) override;

 private:
  Session& session_;
};

}  // namespace lethe::db
