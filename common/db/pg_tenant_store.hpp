#pragma once

#include "common/control/operator_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// TenantStore in the control database.
class PgTenantStore final : public TenantStore {
 public:
  /// `session` is borrowed and must outlive the store.
  explicit PgTenantStore(Session& session) : session_(session) {}

  bool set(const TenantLimits& limits, const std::string& actor) override;
  std::vector<TenantLimits> list(const std::string& target) override;
  std::optional<TenantLimits> find(const std::string& target, const std::string& tenant) override;
  bool remove(const std::string& target, const std::string& tenant,
              const std::string& actor) override;

 private:
  std::vector<TenantLimits> read(const std::string& target,
                                 const std::optional<std::string>& tenant);

  Session& session_;
};

}  // namespace lethe::db
