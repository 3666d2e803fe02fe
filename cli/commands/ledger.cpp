#include "cli/commands/ledger.hpp"

#include <fmt/format.h>

#include "cli/lookup.hpp"
#include "cli/proof_output.hpp"
#include "cli/proof_pages.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t limit_max = 10'000;

struct ListOptions {
  std::string target;
  std::string run;
  std::string task;
  std::optional<std::int64_t> limit;
};

struct VerifyOptions {
  std::string target;
  std::string run;
};

/// The target that was named, or that of the run that was.
TargetRow target_of(Stores& stores, const std::string& target, const std::string& run) {
  if (run.empty()) return find_target(stores, target);
  const std::string owner = find_run(stores, run).target;
  if (!target.empty() && target != owner)
    throw UserError(ExitCode::usage,
                    fmt::format("--run: run {} is in target '{}'; leave --target out", run, owner));
  return find_target(stores, owner);
}

ExitCode list(Services& services, const ListOptions& options) {
  if (options.target.empty() && options.run.empty())
    throw UserError(ExitCode::usage, "--target: whose ledger? Name a target, or a run with --run");
  const TargetRow target = target_of(services.stores(), options.target, options.run);
  LedgerFilter filter{.run = options.run, .task = options.task};
  if (options.limit) filter.rows_max = static_cast<std::int32_t>(*options.limit);
  services.output().list(
      records_of(services.target_proof(target.name, target.url)->ledger(filter), ledger_record),
      {"id", "at", "run", "policy", "relation", "batch", "method", "rows", "oldest", "newest"},
      "the ledger has no such batch");
  return ExitCode::done;
}

Record verified_record(const std::string& target, const LedgerCheck& check) {
  return {{"target", target},
          {"ok", check.findings().wrong() == 0},
          {"batches", check.batches(), Show::count},
          {"rows", check.rows(), Show::count},
          {"tasks", check.tasks(), Show::count},
          {"runs", check.runs(), Show::count},
          {"wrong", check.findings().wrong(), Show::count},
          {"findings", findings_json(check.findings())}};
}

std::string verified_text(const std::string& target, const LedgerCheck& check) {
  const std::string what = fmt::format("{} of {}", counted(check.batches(), "batch", "batches"),
                                       counted(check.tasks(), "task", "tasks"));
  if (check.findings().wrong() == 0)
    return fmt::format("the ledger of target {} is as it was written: {}, {}\n", target, what,
                       counted(check.rows(), "row", "rows"));
  return fmt::format("the ledger of target {} is not as it was written: {} in {}\n", target,
                     counted(check.findings().wrong(), "thing is wrong", "things are wrong"), what);
}

std::vector<TargetRow> chosen(Stores& stores, const VerifyOptions& options) {
  if (options.target.empty() && options.run.empty()) return stores.targets.list();
  return {target_of(stores, options.target, options.run)};
}

ExitCode verify(Services& services, const VerifyOptions& options) {
  Stores& stores = services.stores();
  ExitCode code = ExitCode::done;
  std::vector<Record> records;
  const auto targets = chosen(stores, options);
  for (const TargetRow& target : targets) {
    try {
      const LedgerCheck check = check_ledger(
          stores.proof, *services.target_proof(target.name, target.url), target.name, options.run);
      if (check.findings().wrong() > 0) code = ExitCode::failed;
      records.push_back(verified_record(target.name, check));
      if (services.output().is_json()) continue;
      print_findings(services, check.findings());
      services.output().text(verified_text(target.name, check));
    } catch (const UserError& error) {
      if (targets.size() == 1) throw;
      services.note(
          fmt::format("lethe: {}", error.what()));  // the others are looked at all the same
      code = ExitCode::failed;
    }
  }
  if (services.output().is_json()) services.output().text(render_json(records));
  return code;
}

}  // namespace

void add_ledger(const Command& root) {
  const Command ledger = root.add("ledger", "What batches deleted, chained so that changes show",
                                  "lethe ledger list --target app\nlethe ledger verify");
  const auto list_options = std::make_shared<ListOptions>();
  ledger
      .add("list", "Lists batches, the newest first",
           "lethe ledger list --target app --limit 20\n"
           "lethe ledger list --run 01JD3M3XQ7W3G5V9B1K2N4P6R8 --output json")
      .option("--target", list_options->target, "whose ledger")
      .option("--run", list_options->run, "only of this run, whose target need not be named")
      .option("--task", list_options->task, "only of this task")
      .option("--limit", list_options->limit, {1, limit_max}, "at most so many (default 100)")
      .runs(list_options, list);
  const auto verify_options = std::make_shared<VerifyOptions>();
  ledger
      .add("verify",
           "Takes every hash again and compares with fences and the control database; exit 1",
           "lethe ledger verify\nlethe ledger verify --target app --output json\n"
           "lethe ledger verify --run 01JD3M3XQ7W3G5V9B1K2N4P6R8")
      .option("--target", verify_options->target, "of one target; without it of all")
      .option("--run", verify_options->run, "of one run alone")
      .runs(verify_options, verify);
}

}  // namespace lethe::cli
