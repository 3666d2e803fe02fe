#pragma once

#include "common/control/operator_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// Inspector of the control database.
class PgInspector final : public Inspector {
 public:
  /// `session` is borrowed and must outlive the object.
  explicit PgInspector(Session& session) : session_(session) {}

  std::vector<Violation> invariants() override;
  std::vector<RunTotal> run_totals(std::int32_t runs_max) override;

 private:
  Session& session_;
};

}  // namespace lethe::db
