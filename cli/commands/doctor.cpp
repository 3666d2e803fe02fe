#include "cli/commands/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/records.hpp"
#include "cli/symptoms.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

constexpr Command::Range runs_range{1, 10'000};
constexpr std::int64_t runs_default = 100;

struct DoctorOptions {
  bool invariants = false;
  bool totals = false;
  std::optional<std::int64_t> limit;
};

Record violation_record(const Violation& violation) {
  return {{"rule", violation.rule}, {"object", violation.object}, {"detail", violation.detail}};
}

ExitCode check_invariants(Services& services) {
  const std::vector<Violation> violations = services.stores().inspector.invariants();
  services.output().list(records_of(violations, violation_record), {"rule", "object", "detail"},
                         "all invariants hold");
  return violations.empty() ? ExitCode::done : ExitCode::failed;
}

Record symptom_record(const Symptom& symptom) {
  return {{"severity", std::string(to_string(symptom.severity))},
          {"what", symptom.what},
          {"cure", or_null(symptom.cure)}};
}

/// Failed when there is a problem; a warning alone is none.
ExitCode show(Services& services, const std::vector<Symptom>& symptoms, const std::string& none) {
  if (services.output().is_json()) {
    services.output().text(render_json(records_of(symptoms, symptom_record)));
  } else {
    const Terminal& terminal = services.environment().terminal;
    for (const Symptom& symptom : symptoms)
      services.output().text(
          marked_lines(symptom.severity == Severity::problem ? mark_problem : mark_warning,
                       symptom.what, symptom.cure, terminal.out && terminal.colour));
    if (symptoms.empty()) services.output().text(none + "\n");
  }
  const bool has_problem =
      std::any_of(symptoms.begin(), symptoms.end(),
                  [](const Symptom& symptom) { return symptom.severity == Severity::problem; });
  return has_problem ? ExitCode::failed : ExitCode::done;
}

ExitCode compare_totals(Services& services, const DoctorOptions& options) {
  const TotalsCheck check =
      check_totals(services, static_cast<std::int32_t>(options.limit.value_or(runs_default)));
  const std::string none =
      check.runs == 0 ? "no run that has ended deleted anything"
                      : fmt::format("the totals of {} agree with the ledgers of their targets",
                                    counted(check.runs, "run", "runs"));
  return show(services, check.symptoms, none);
}

ExitCode examine(Services& services) {
  const FleetSnapshot fleet = take_snapshot(services.stores());
  std::vector<Symptom> symptoms = fleet_symptoms(fleet);
  for (Symptom& symptom : target_symptoms(services, fleet.targets))
    symptoms.push_back(std::move(symptom));
  std::stable_partition(symptoms.begin(), symptoms.end(), [](const Symptom& symptom) {
    return symptom.severity == Severity::problem;
  });
  return show(services, symptoms, "nothing is wrong");
}

ExitCode doctor(Services& services, const DoctorOptions& options) {
  if (options.invariants && options.totals)
    throw UserError(ExitCode::usage, "give --invariants or --totals, not both");
  if (options.limit && !options.totals)
    throw UserError(ExitCode::usage, "--limit is only for --totals");
  if (options.invariants) return check_invariants(services);
  return options.totals ? compare_totals(services, options) : examine(services);
}

}  // namespace

void add_doctor(const Command& root) {
  const auto options = std::make_shared<DoctorOptions>();
  root.add("doctor", "Tells what is wrong, in words, with what mends it; exit 1 for a problem",
           "lethe doctor\nlethe doctor --invariants\nlethe doctor --totals --limit 1000")
      .flag("--invariants", options->invariants, "check what must always hold in the queue")
      .flag("--totals", options->totals, "compare the newest ended runs with the targets' ledgers")
      .option("--limit", options->limit, runs_range, "with --totals: so many runs (default 100)")
      .runs(options, doctor);
}

}  // namespace lethe::cli
