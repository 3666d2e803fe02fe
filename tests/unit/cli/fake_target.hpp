#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/control/target_database.hpp"
#include "common/store_error.hpp"
#include "common/user_error.hpp"
#include "tests/unit/cli/fake_proof.hpp"

namespace lethe::cli::test {

/// Changes in the order in which they were made.
using Log = std::vector<std::string>;

/// What the target behind a URL does.
struct TargetBehaviour {
  bool is_unreachable = false;
  bool is_missing_schema = false;  ///< gates cannot be moved
  std::string bad_table;           ///< check_policy refuses it
  Census census;
  Explanation explanation;
  std::vector<Finding> findings;
  LedgerTotals ledger;
  std::vector<ParkedRow> parked;
  std::vector<ChildRows> children;  ///< that went along with any run
  std::vector<QuarantinedTable> quarantine;
  std::vector<Hold> holds;
  Standstill standstill;  ///< after every wait for it
  std::vector<ArchivedRows> archives;
};

class FakeTarget final : public TargetDatabase {
 public:
  FakeTarget(Log& log, std::string url, TargetBehaviour behaviour)
      : log_(log), url_(std::move(url)), behaviour_(std::move(behaviour)) {}
  bool install() override { return write("install"), true; }
  std::string install_sql() override { return "CREATE SCHEMA lethe;\n"; }
  std::vector<Finding> check() override { return reach(), behaviour_.findings; }
  void check_policy(const Policy& policy, const std::string& field) override {
    reach();
    if (policy.table.table == behaviour_.bad_table)
      throw UserError(ExitCode::bad_config, field + ".table: is not there");
  }
  Census census(const Policy&) override { return reach(), behaviour_.census; }
  Explanation explain(const Policy&) override { return reach(), behaviour_.explanation; }
  void set_gate(const std::string& policy, std::int64_t epoch, bool halted,
                const std::string& reason) override {
    write("gate " + policy + " epoch " + std::to_string(epoch) + (halted ? " halted " : " open ") +
          reason);
  }
  void close_gate(const std::string& policy, const std::string& reason) override {
    write(policy == "*" ? "halt" : "close gate " + policy + " " + reason);
  }
  Standstill await_standstill(const std::string& policy,
                              std::chrono::milliseconds patience) override {
    write("await " + policy + " " + std::to_string(patience.count()));
    return behaviour_.standstill;
  }
  void open_gate() override { write("unhalt"); }
  void thaw(Freeze::Kind kind) override {
    write(kind == Freeze::Kind::clock ? "thaw clock" : "thaw database");
  }
  LedgerTotals ledger_totals(const std::string&) override { return reach(), behaviour_.ledger; }
  std::vector<ParkedRow> parked(const std::string& run, std::int32_t) override {
    reach();
    std::vector<ParkedRow> rows;
    for (const ParkedRow& row : behaviour_.parked)
      if (run.empty() || row.run == run) rows.push_back(row);
    return rows;
  }
  RunTraces traces(const std::string& run) override {
    return {.parked = static_cast<std::int64_t>(parked(run, 1).size()),
            .children = behaviour_.children};
  }
  std::vector<QuarantinedTable> quarantine(bool all) override {
    reach();
    std::vector<QuarantinedTable> found;
    for (const QuarantinedTable& table : behaviour_.quarantine) {
      if (all || table.ended_at.empty()) found.push_back(table);
    }
    return found;
  }
  std::optional<QuarantinedTable> quarantined(std::int64_t id) override {
    reach();
    for (const QuarantinedTable& table : behaviour_.quarantine) {
      if (table.id == id) return table;
    }
    return std::nullopt;
  }
  bool purge(std::int64_t id, const std::string& actor) override {
    return write("purge " + std::to_string(id) + " by " + actor), true;
  }
  void restore(std::int64_t id, const std::string& actor) override {
    write("restore " + std::to_string(id) + " by " + actor);
  }
  std::int64_t place_hold(const NewHold& hold, const std::string& actor) override {
    std::string what = "hold";
    if (hold.table) what += " " + hold.table->schema + "." + hold.table->table;
    if (hold.tenant) what += " tenant " + *hold.tenant;
    for (const auto& column : hold.tenant_columns) what += " in " + column;
    for (const auto& [column, value] : hold.match) what += " " + column + "=" + value;
    write(what + " by " + actor + ": " + hold.reason);
    return 7;
  }
  std::vector<Hold> holds(bool all) override {
    reach();
    std::vector<Hold> found;
    for (const Hold& hold : behaviour_.holds)
      if (all || hold.released_at.empty()) found.push_back(hold);
    return found;
  }
  std::optional<Hold> hold(std::int64_t id) override {
    reach();
    for (const Hold& hold : behaviour_.holds)
      if (hold.id == id) return hold;
    return std::nullopt;
  }
  bool release_hold(std::int64_t id, const std::string& reason, const std::string& actor) override {
    return write("release hold " + std::to_string(id) + " by " + actor + ": " + reason), true;
  }
  std::vector<ArchivedRows> archives(const ArchiveQuestion& question) override {
    reach();
    std::vector<ArchivedRows> found;
    for (const ArchivedRows& rows : behaviour_.archives)
      if (question.run.empty() || rows.run == question.run) found.push_back(rows);
    return found;
  }
  std::vector<ArchiveProblem> archive_problems(const ArchiveQuestion&) override {
    return reach(), std::vector<ArchiveProblem>();
  }
  std::string system_identifier() override { return reach(), "7"; }
  void wait_for_batches() override { write("wait for batches"); }
  RestoredRows restore_archive(const ArchivedRows& rows, ArchiveStore&,
                               const std::string& actor) override {
    write("restore archive " + std::to_string(rows.id) + " by " + actor);
    return {.restored = rows.rows, .there = 0, .before = false};
  }
  std::optional<std::int64_t> prune_archive(const ArchivedRows& rows, ArchiveStore&,
                                            const std::string& actor) override {
    write("prune archive " + std::to_string(rows.id) + " by " + actor);
    return std::nullopt;
  }

 private:
  void reach() {
    if (behaviour_.is_unreachable)
      throw StoreError(Failure::connection_lost, "target", "", "connection refused");
  }
  void write(const std::string& what) {
    reach();
    if (behaviour_.is_missing_schema)
      throw UserError(ExitCode::bad_config,
                      "the schema of target NAME is missing; run: lethe target install NAME");
    log_.push_back(url_ + " " + what);
  }
  Log& log_;
  std::string url_;
  TargetBehaviour behaviour_;
};

class FakeConnector final : public TargetConnector {
 public:
  explicit FakeConnector(Log& log) : log_(log) {}
  std::unique_ptr<TargetDatabase> connect(const std::string& url) override {
    return std::make_unique<FakeTarget>(log_, url, behaviours[url]);
  }
  std::unique_ptr<TargetProof> connect_proof(const std::string& url) override {
    return std::make_unique<FakeTargetProof>(proofs[url]);
  }
  void check_url(const std::string& url, const std::string& field) override {
    if (url.find("password") != std::string::npos)
      throw UserError(ExitCode::bad_config, field + ": must not hold a password");
  }
  std::map<std::string, TargetBehaviour> behaviours;
  std::map<std::string, ProofBehaviour> proofs;

 private:
  Log& log_;
};

}  // namespace lethe::cli::test
