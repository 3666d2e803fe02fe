#include <fmt/format.h>

#include "cli/commands/policy.hpp"
#include "cli/lookup.hpp"
#include "cli/policy_plan.hpp"
#include "cli/policy_text.hpp"

namespace lethe::cli {
namespace {

struct FileOptions {
  std::string file;
  bool dry_run = false;
};

Record change_record(const char* kind, const std::string& name, Change change) {
  return {{"kind", std::string(kind)}, {"name", name}, {"change", std::string(to_string(change))}};
}

ExitCode apply(Services& services, const FileOptions& options) {
  const PolicyFile file = read_policy_file(services, options.file);
  const PolicyPlan plan = compare_policies(services.stores(), file);
  PolicyApplier applier(services, plan);
  applier.check();
  if (!options.dry_run) applier.apply();
  std::vector<Record> records;
  for (const PlannedTarget& target : plan.targets)
    records.push_back(change_record("target", target.spec.name, target.change));
  for (const PlannedPolicy& policy : plan.policies)
    records.push_back(change_record("policy", policy.policy.name, policy.change));
  services.output().list(records, {"kind", "name", "change"}, "the file says nothing");
  for (const PlannedPolicy& policy : plan.policies)
    if (!options.dry_run && policy.change != Change::unchanged && policy.policy.guards.two_person)
      services.note(
          fmt::format("policy {0} runs when a second person has run: lethe policy approve {0}",
                      policy.policy.name));
  if (options.dry_run) services.note("dry run: nothing was changed");
  return ExitCode::done;
}

/// One thing of the file and what would become of it.
struct Difference {
  const char* kind;
  std::string name;
  Change change = Change::unchanged;
  std::vector<FieldChange> fields;
};

std::string failover_word(bool survives) { return survives ? "continue" : "freeze"; }

Difference difference_of(const PlannedTarget& planned) {
  Difference result{"target", planned.spec.name, planned.change, {}};
  const TargetRow before = planned.stored.value_or(TargetRow{});
  if (before.url != planned.spec.url)
    result.fields.push_back({"url", before.url, planned.spec.url});
  if (before.max_running != planned.spec.max_running)
    result.fields.push_back({"max_running",
                             planned.stored ? fmt::format("{}", before.max_running) : "",
                             fmt::format("{}", planned.spec.max_running)});
  if (before.rows_per_second != planned.spec.rows_per_second)
    result.fields.push_back({"rows_per_second",
                             planned.stored ? fmt::format("{}", before.rows_per_second) : "",
                             fmt::format("{}", planned.spec.rows_per_second)});
  if (before.clock_skew_seconds != planned.spec.clock_skew_seconds)
    result.fields.push_back({"clock_skew_seconds",
                             planned.stored ? fmt::format("{}", before.clock_skew_seconds) : "",
                             fmt::format("{}", planned.spec.clock_skew_seconds)});
  if (before.survives_failover != planned.spec.survives_failover)
    result.fields.push_back({"on_failover",
                             planned.stored ? failover_word(before.survives_failover) : "",
                             failover_word(planned.spec.survives_failover)});
  return result;
}

Difference difference_of(const PlannedPolicy& planned) {
  Difference result{"policy", planned.policy.name, planned.change, {}};
  if (planned.change == Change::changed) {
    result.fields = policy_changes(stored_policy(*planned.stored), planned.policy);
  } else if (planned.change == Change::added) {
    for (auto& [field, value] : policy_fields(planned.policy))
      result.fields.push_back({field, "", value});
  }
  return result;
}

std::string field_line(const FieldChange& change) {
  if (change.before.empty()) return fmt::format("    + {}: {}\n", change.field, change.after);
  if (change.after.empty()) return fmt::format("    - {}: {}\n", change.field, change.before);
  return fmt::format("    ~ {}: {} -> {}\n", change.field, change.before, change.after);
}

std::string difference_text(const Difference& difference) {
  const char* mark = difference.change == Change::added     ? "+"
                     : difference.change == Change::changed ? "~"
                                                            : " ";
  std::string text = fmt::format("{} {} {}{}\n", mark, difference.kind, difference.name,
                                 difference.change == Change::unchanged ? " (unchanged)" : "");
  for (const FieldChange& change : difference.fields) text += field_line(change);
  return text;
}

std::vector<Record> field_records(const Difference& difference) {
  std::vector<Record> records;
  for (const FieldChange& change : difference.fields)
    records.push_back({{"field", change.field},
                       {"before", or_null(change.before)},
                       {"after", or_null(change.after)}});
  return records;
}

ExitCode diff(Services& services, const FileOptions& options) {
  const PolicyFile file = read_policy_file(services, options.file);
  const PolicyPlan plan = compare_policies(services.stores(), file);
  std::vector<Difference> differences;
  for (const PlannedTarget& target : plan.targets) differences.push_back(difference_of(target));
  for (const PlannedPolicy& policy : plan.policies) differences.push_back(difference_of(policy));
  std::vector<Record> records;
  std::string text;
  for (const Difference& difference : differences) {
    Record record = change_record(difference.kind, difference.name, difference.change);
    record.push_back({"fields", nested(field_records(difference))});
    records.push_back(std::move(record));
    text += difference_text(difference);
  }
  services.output().text(services.output().is_json() ? render_json(records) : text);
  return ExitCode::done;
}

}  // namespace

void add_policy_files(const Command& policy) {
  const auto options = std::make_shared<FileOptions>();
  policy
      .add("apply", "Makes the targets and policies of a file the ones in force",
           "lethe policy apply -f policies.yaml\n"
           "lethe policy apply -f policies.yaml --dry-run\ngenerate | lethe policy apply -f -")
      .required("-f,--file", options->file, "policy file (YAML); - is standard input")
      .flag("--dry-run", options->dry_run, "check everything and change nothing")
      .runs(options, apply);
  policy
      .add("diff", "Shows what apply would change, without asking the targets",
           "lethe policy diff -f policies.yaml")
      .required("-f,--file", options->file, "policy file (YAML); - is standard input")
      .runs(options, diff);
}

}  // namespace lethe::cli
