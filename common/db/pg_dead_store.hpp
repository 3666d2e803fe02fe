#pragma once

#include "common/control/operator_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// DeadStore in the control database.
class PgDeadStore final : public DeadStore {
 public:
  /// `session` is borrowed and must outlive the store.
  explicit PgDeadStore(Session& session) : session_(session) {}

  std::vector<DeadRow> list(const DeadFilter& filter) override;
  std::int64_t count(const DeadFilter& filter) override;
  std::optional<DeadRow> find(const std::string& id) override;
  std::vector<std::string> retry(const DeadFilter& filter, const std::string& actor) override;
  std::vector<std::string> discard(const DeadFilter& filter, const std::string& actor) override;

 private:
  Session& session_;
};

}  // namespace lethe::db
