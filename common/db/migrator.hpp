#pragma once

#include <span>

#include "common/control/target_database.hpp"
#include "common/db/query.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// Numbered, forward-only migrations of one schema. Each runs once, one process at a time, in a
/// transaction that first records it.
class SchemaMigrator {
 public:
  /// `table` is the schema's list of applied migrations, e.g. "lethe.migrations". `session` is
  /// borrowed and must outlive the object.
  SchemaMigrator(Session& session, std::string table, std::span<const Query* const> migrations)
      : session_(session), table_(std::move(table)), migrations_(migrations) {}

  /// Every migration that this program has, and those only the database knows, by version.
  [[nodiscard]] std::vector<Migrations::Step> status();
  /// Applies what is pending; returns what it applied.
  std::vector<Migrations::Step> up();
  [[nodiscard]] std::string sql_of(const std::vector<Migrations::Step>& steps) const;
  /// The newest version of this program.
  [[nodiscard]] std::int32_t newest() const;
  /// Whether this program has a migration of that version.
  [[nodiscard]] bool knows(std::int32_t version) const;

 private:
  Session& session_;
  std::string table_;
  std::span<const Query* const> migrations_;
};

/// The control schema.
class Migrator final : public Migrations {
 public:
  /// `session` is borrowed and must outlive the object.
  explicit Migrator(Session& session);

  std::vector<Step> status() override { return schema_.status(); }
  std::vector<Step> up() override { return schema_.up(); }
  std::string pending_sql() override;
  void require_known() override;

 private:
  SchemaMigrator schema_;
};

/// The schema of a target.
[[nodiscard]] SchemaMigrator target_migrator(Session& session);

}  // namespace lethe::db
