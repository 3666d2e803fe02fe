#pragma once

#include "common/control/operator_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// PolicyStore in the control database.
class PgPolicyStore final : public PolicyStore {
 public:
  /// `session` is borrowed and must outlive the store.
  explicit PgPolicyStore(Session& session) : session_(session) {}

  void apply(const Policy& policy, const PolicyVersion& read, std::optional<Instant> next,
             const std::string& actor) override;
  PolicyVersion version(const std::string& name) override;
  std::vector<PolicyRow> list() override;
  std::optional<PolicyRow> find(const std::string& name) override;
  void set_enabled(const PolicyRow& read, bool enabled, std::optional<Instant> next,
                   const std::string& actor) override;
  void remove(const std::string& name, const std::string& actor) override;
  void acknowledge(const PolicyRow& read, std::int64_t rows, const std::string& actor) override;
  void approve(const PolicyRow& read, const std::string& actor) override;
  Instant now() override;

 private:
  std::vector<PolicyRow> read(const std::optional<std::string>& name);

  Session& session_;
};

}  // namespace lethe::db
