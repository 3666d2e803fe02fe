#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>

#include "cli/output.hpp"
#include "common/clock.hpp"
#include "common/control/control_access.hpp"
#include "common/control/control_store.hpp"
#include "common/control/demo_data.hpp"
#include "common/control/fleet_statistics.hpp"
#include "common/control/operator_store.hpp"
#include "common/control/target_database.hpp"
#include "common/control/target_proof.hpp"
#include "common/tasks/archive_store.hpp"

namespace lethe::cli {

/// The stores of one control database. Borrowed from whoever opened it.
struct Stores {
  TargetStore& targets;
  PolicyStore& policies;
  RunStore& runs;
  TaskStore& tasks;
  DeadStore& dead;
  TenantStore& tenants;
  FleetStore& fleet;
  AuditStore& audit;
  Inspector& inspector;
  ProofStore& proof;
  Migrations& migrations;
  CommandStore& commands;
  KeyStore& keys;
  SchedulerDirectory& schedulers;
  StatisticsStore& statistics;
};

/// What is known of the streams and the terminal behind them.
struct Terminal {
  bool in = false;     ///< standard input is a terminal
  bool out = false;    ///< standard output is one
  bool err = false;    ///< standard error is one
  bool colour = true;  ///< false when NO_COLOR is set
  int columns = 80;
  int lines = 24;
};

/// What the program gets from outside. main() makes the real one, tests their own.
/// Borrowed references; everything in it outlives the commands.
struct Environment {
  std::function<Stores(const std::string& connection)> open;  ///< "" takes libpq's PG* variables
  TargetConnector& connector;
  Clock& clock;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Terminal terminal;
  std::string actor;     ///< who acts, for the audit
  std::string database;  ///< $LETHE_DATABASE_URL
  /// From the first call on Ctrl-C requests this token instead of ending the process.
  std::function<std::stop_token()> interrupted;
  /// Sample tables in the database behind a connection string; only `demo` needs it.
  std::function<std::unique_ptr<DemoData>(const std::string& connection)> demo_data{};
  ArchiveStore* archive = nullptr;    ///< files with rows; null: there are none
  ControlAccess* control = nullptr;   ///< keys and events; null: there are none
  std::string control_key_file = {};  ///< $LETHE_CONTROL_KEY_FILE
  bool control_insecure = false;      ///< $LETHE_CONTROL_INSECURE is "allow"
};

/// What a command works with. The control database is opened at its first use, so that help and
/// usage errors never touch one. Thread safety: none.
class Services {
 public:
  /// `environment` is borrowed.
  Services(Environment& environment, std::string connection, OutputFormat format)
      : environment_(environment),
        connection_(std::move(connection)),
        output_(environment.out, format) {}

  /// Throws UserError (bad_config) when this program does not know the control schema.
  [[nodiscard]] Stores& stores();
  /// For the one command that works without a known schema.
  [[nodiscard]] Migrations& migrations();

  /// The target called `name`; errors of this object name it (see named_target.hpp).
  [[nodiscard]] std::unique_ptr<TargetDatabase> target(const std::string& name,
                                                       const std::string& url);
  /// The same for whoever only proves or asks.
  [[nodiscard]] std::unique_ptr<TargetProof> target_proof(const std::string& name,
                                                          const std::string& url);

  /// Where files with archived rows are. Throws UserError (failed) where this program has none.
  [[nodiscard]] ArchiveStore& archive();
  /// Keys and events. Throws UserError (failed) where this program has none.
  [[nodiscard]] ControlAccess& control();

  [[nodiscard]] Environment& environment() noexcept { return environment_; }
  /// True when the command line itself named a control database.
  [[nodiscard]] bool has_chosen_database() const { return connection_ != environment_.database; }
  [[nodiscard]] Output& output() noexcept { return output_; }
  [[nodiscard]] const std::string& actor() const noexcept { return environment_.actor; }

  /// True when somebody is there to answer a question.
  [[nodiscard]] bool is_interactive() const noexcept;
  /// Throws UserError (usage) when `yes` was not given and nobody can be asked.
  void require_yes(bool yes) const;
  /// Asks on the terminal. False unless the answer is y or yes.
  [[nodiscard]] bool confirm(const std::string& question);
  /// A remark for people, on standard error, so that standard output stays what was asked for.
  void note(const std::string& text);

 private:
  [[nodiscard]] Stores& opened();

  Environment& environment_;
  std::string connection_;
  Output output_;
  std::optional<Stores> stores_;
  bool schema_is_known_ = false;
};

}  // namespace lethe::cli
