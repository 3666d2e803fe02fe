#pragma once

#include "common/control/control_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// SchedulerDirectory in the control database.
class PgSchedulerDirectory final : public SchedulerDirectory {
 public:
  /// `session` is borrowed and must outlive the object.
  explicit PgSchedulerDirectory(Session& session) : session_(session) {}

  void announce(const SchedulerAddress& address, const std::string& version) override;
  void withdraw(const std::string& holder) override;
  std::vector<SchedulerAddress> live() override;

 private:
  Session& session_;
};

}  // namespace lethe::db
