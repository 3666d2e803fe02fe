#pragma once

#include "common/control/control_store.hpp"
#include "common/db/session.hpp"
#include "common/ulid.hpp"

namespace lethe::db {

/// CommandStore in the control database.
class PgCommandStore final : public CommandStore {
 public:
  /// Both are borrowed and must outlive the store.
  PgCommandStore(Session& session, IdMaker& ids) : session_(session), ids_(ids) {}

  CommandAnswer carry_out(const OperatorCommand& command, const std::string& actor) override;

 private:
  Session& session_;
  IdMaker& ids_;
};

}  // namespace lethe::db
