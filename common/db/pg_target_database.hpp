#pragma once

#include <string>

#include "common/control/target_database.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// TargetDatabase over libpqxx, one connection.
class PgTargetDatabase final : public TargetDatabase {
 public:
  PgTargetDatabase(const std::string& url, const std::string& application_name);

  bool install() override;
  std::string install_sql() override;
  std::vector<Finding> check() override;
  void check_policy(const Policy& policy, const std::string& field) override;
  Census census(const Policy& policy) override;
  Explanation explain(const Policy& policy) override;
  void set_gate(const std::string& policy, std::int64_t epoch, bool halted,
                const std::string& reason) override;
  void close_gate(const std::string& policy, const std::string& reason) override;
  Standstill await_standstill(const std::string& policy,
                              std::chrono::milliseconds patience) override;
  void open_gate() override;
  void thaw(Freeze::Kind kind) override;
  LedgerTotals ledger_totals(const std::string& run) override;
  std::vector<ParkedRow> parked(const std::string& run, std::int32_t rows_max) override;
  RunTraces traces(const std::string& run) override;
  std::vector<QuarantinedTable> quarantine(bool all) override;
  std::optional<QuarantinedTable> quarantined(std::int64_t id) override;
  bool purge(std::int64_t id, const std::string& actor) override;
  void restore(std::int64_t id, const std::string& actor) override;
  std::int64_t place_hold(const NewHold& hold, const std::string& actor) override;
  std::vector<Hold> holds(bool all) override;
  std::optional<Hold> hold(std::int64_t id) override;
  bool release_hold(std::int64_t id, const std::string& reason, const std::string& actor) override;
  std::vector<ArchivedRows> archives(const ArchiveQuestion& question) override;
  std::vector<ArchiveProblem> archive_problems(const ArchiveQuestion& question) override;
  std::string system_identifier() override;
  void wait_for_batches() override;
  RestoredRows restore_archive(const ArchivedRows& rows, ArchiveStore& store,
                               const std::string& actor) override;
  std::optional<std::int64_t> prune_archive(const ArchivedRows& rows, ArchiveStore& store,
                                            const std::string& actor) override;

 private:
  void require_installed(const std::string& target);

  Session session_;
};

}  // namespace lethe::db
