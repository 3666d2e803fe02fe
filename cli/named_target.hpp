#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/control/target_database.hpp"

namespace lethe::cli {

/// A target whose failures say which target it is: a StoreError becomes a UserError that starts
/// with its name, with ExitCode::unreachable when the database does not answer. Without it nobody
/// could tell such a failure from one of the control database. Commands to run that the target
/// suggests get its name in place of NAME.
class NamedTarget final : public TargetDatabase {
 public:
  NamedTarget(std::string name, std::unique_ptr<TargetDatabase> target)
      : name_(std::move(name)), target_(std::move(target)) {}

  bool install() override;
  [[nodiscard]] std::string install_sql() override;
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
  template <class Call>
  auto named(const Call& call) -> decltype(call());

  std::string name_;
  std::unique_ptr<TargetDatabase> target_;
};

}  // namespace lethe::cli
