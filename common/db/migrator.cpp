#include "common/db/migrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "common/db/control_migrations.gen.hpp"
#include "common/db/target_migrations.gen.hpp"
#include "common/db/transact.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

using Step = Migrations::Step;

/// "version_0001_control" is version 1, name "control": a file's name as an identifier.
Step to_step(const Query& migration) {
  std::string_view name = migration.name;
  name.remove_prefix(std::min(name.find_first_of("0123456789"), name.size()));
  Step step;
  const auto end = std::from_chars(name.data(), name.data() + name.size(), step.version).ptr;
  step.name = std::string(end, name.data() + name.size());
  if (!step.name.empty()) step.name.erase(0, 1);
  step.breaking = migration.sql.find("\n-- breaking: no\n") == std::string_view::npos;
  return step;
}

/// Applied versions, or none when the schema is not there. The list's columns are part of every
/// version of it, so any program can read it; but for `breaking`, which came later.
std::map<std::int32_t, Step> applied(Transaction& transaction, const std::string& table) {
  std::map<std::int32_t, Step> steps;
  const auto exists = transaction.exec_built("SELECT pg_catalog.to_regclass($1) IS NOT NULL AS it",
                                             Params::of(table));
  if (!flag(exists.at(0), "it")) return steps;
  for (const auto& row : transaction.exec_text(fmt::format(
           "SELECT version, name, to_char(applied_at AT TIME ZONE 'UTC', "
           "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS applied_at, "
           "coalesce((to_jsonb(m) ->> 'breaking')::boolean, true) AS breaking FROM {} m "
           "ORDER BY version",
           table))) {
    const auto version = number<std::int32_t>(row, "version");
    steps[version] = {.version = version,
                      .name = text(row, "name"),
                      .applied_at = text(row, "applied_at"),
                      .breaking = flag(row, "breaking")};
  }
  return steps;
}

}  // namespace

std::vector<Step> SchemaMigrator::status() {
  return transact(session_, "migrations_status", [&](Transaction& transaction) {
    auto steps = applied(transaction, table_);
    for (const Query* migration : migrations_) {
      const Step step = to_step(*migration);
      steps.emplace(step.version, step);
    }
    std::vector<Step> list;
    list.reserve(steps.size());
    for (const auto& [version, step] : steps) list.push_back(step);
    return list;
  });
}

std::vector<Step> SchemaMigrator::up() {
  // Two processes may start at once: the lock lets one after the other look and apply. It waits
  // as long as a migration may take, so statement and lock timeouts are off in here.
  return transact(
      session_, "migrations_up",
      [&](Transaction& transaction) {
        transaction.exec_text(
            "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('lethe.migrations'))");
        // Asked first, because the schema's owner need not be one who may make schemas.
        const auto asked =
            transaction.exec_text("SELECT pg_catalog.to_regnamespace('lethe') IS NULL AS missing");
        if (flag(asked.at(0), "missing")) transaction.exec_text("CREATE SCHEMA lethe");
        transaction.exec_text(fmt::format(
            "CREATE TABLE IF NOT EXISTS {} (version integer PRIMARY KEY, name text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT clock_timestamp()); ALTER TABLE {} ADD COLUMN "
            "IF NOT EXISTS breaking boolean NOT NULL DEFAULT true",
            table_, table_));
        const auto known = applied(transaction, table_);
        std::vector<Step> done;
        for (const Query* migration : migrations_) {
          const Step step = to_step(*migration);
          if (known.contains(step.version)) continue;
          transaction.exec_built(
              fmt::format("INSERT INTO {} (version, name, breaking) VALUES ($1, $2, $3)", table_),
              Params::of(step.version, step.name, step.breaking));
          transaction.exec_text(std::string(migration->sql));
          done.push_back(step);
        }
        return done;
      },
      "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;"
      "SET LOCAL client_min_messages = warning");
}

std::string SchemaMigrator::sql_of(const std::vector<Step>& steps) const {
  std::string sql;
  for (const Query* migration : migrations_) {
    const Step own = to_step(*migration);
    const bool wanted = std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
      return step.version == own.version && step.applied_at.empty();
    });
    if (!wanted) continue;
    sql += fmt::format(
        "-- {:04d} {}\n{}\nINSERT INTO {} (version, name, breaking) VALUES ({}, '{}', {});\n",
        own.version, own.name, migration->sql, table_, own.version, own.name, own.breaking);
  }
  if (sql.empty()) return sql;
  return fmt::format(
      "BEGIN;\nCREATE SCHEMA IF NOT EXISTS lethe;\nCREATE TABLE IF NOT EXISTS {} (version integer "
      "PRIMARY KEY, name text NOT NULL,\n  applied_at timestamptz NOT NULL DEFAULT "
      "clock_timestamp());\nALTER TABLE {} ADD COLUMN IF NOT EXISTS breaking boolean NOT NULL "
      "DEFAULT true;\n{}COMMIT;\n",
      table_, table_, sql);
}

std::int32_t SchemaMigrator::newest() const { return to_step(*migrations_.back()).version; }

bool SchemaMigrator::knows(std::int32_t version) const {
  return std::any_of(migrations_.begin(), migrations_.end(), [version](const Query* migration) {
    return to_step(*migration).version == version;
  });
}

Migrator::Migrator(Session& session)
    : schema_(session, "lethe.migrations", control_migrations::all) {}

std::string Migrator::pending_sql() { return schema_.sql_of(schema_.status()); }

void Migrator::require_known() {
  const auto steps = schema_.status();
  const bool pending = std::any_of(steps.begin(), steps.end(),
                                   [](const Step& step) { return step.applied_at.empty(); });
  if (pending)
    throw UserError(ExitCode::bad_config,
                    "the control database's schema is missing or older than this program; run: "
                    "lethe migrate up");
  const bool foreign = std::any_of(steps.begin(), steps.end(), [this](const Step& step) {
    return step.breaking && !schema_.knows(step.version);
  });
  if (foreign)
    throw UserError(ExitCode::bad_config,
                    fmt::format("the control database's schema is version {}, this program knows "
                                "{}; install the newer Lethe (lethe migrate status shows both)",
                                steps.back().version, schema_.newest()));
}

SchemaMigrator target_migrator(Session& session) {
  return {session, "lethe.target_migrations", target_migrations::all};
}

}  // namespace lethe::db
