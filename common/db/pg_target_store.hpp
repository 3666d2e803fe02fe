#pragma once

#include "common/control/operator_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// TargetStore in the control database.
class PgTargetStore final : public TargetStore {
 public:
  /// `session` is borrowed and must outlive the store.
  explicit PgTargetStore(Session& session) : session_(session) {}

  bool put(const TargetSpec& target, const std::string& actor) override;
  std::vector<TargetRow> list() override;
  std::optional<TargetRow> find(const std::string& name) override;
  void remove(const std::string& name, const std::string& actor) override;

 private:
  std::vector<TargetRow> read(const std::optional<std::string>& name);

  Session& session_;
};

}  // namespace lethe::db
