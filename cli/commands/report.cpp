#include "cli/commands/report.hpp"

#include <fmt/format.h>

#include "cli/certificate.hpp"
#include "cli/lookup.hpp"
#include "cli/proof_pages.hpp"
#include "common/policies/policy_json.hpp"
#include "proto/task_payload.hpp"

namespace lethe::cli {
namespace {

constexpr std::int32_t parked_max = 1'000;
constexpr std::int32_t heads_max = 10'000;

struct ReportOptions {
  std::string run;
  bool skip_look = false;
};

Policy frozen_policy(const RunRow& run) {
  try {
    return policy_from_json(run.spec_text);
  } catch (const std::invalid_argument& error) {
    throw UserError(ExitCode::failed,
                    fmt::format("the policy of run {} cannot be read: {}", run.id, error.what()));
  }
}

/// What the run's plan found out that its verification needs.
RunBounds bounds_of(const RunOrigin& origin) {
  const auto decoded = decode_task_payload(origin.verify_payload);
  if (const auto* payload = std::get_if<TaskPayload>(&decoded)) return payload->bounds;
  throw UserError(ExitCode::failed, fmt::format("the run's verification cannot be read: {}",
                                                std::get<std::string>(decoded)));
}

SecondLook look_again(const Certificate& certificate, TargetDatabase& target, TargetProof& proof) {
  SecondLook look;
  const std::string name = certificate.run.id;
  look.verification = proof.verification({.run = name,
                                          .spec = certificate.policy,
                                          .as_of = certificate.origin.as_of,
                                          .expire_at = certificate.origin.expire_at,
                                          .bounds = bounds_of(certificate.origin)});
  try {
    look.census = target.census(certificate.policy);
  } catch (const UserError& error) {
    look.census_problem = error.what();
  }
  return look;
}

ExitCode report(Services& services, const ReportOptions& options) {
  Stores& stores = services.stores();
  const RunRow run = find_run(stores, options.run);
  const TargetRow target_row = find_target(stores, run.target);
  const auto target = services.target(target_row.name, target_row.url);
  const auto proof = services.target_proof(target_row.name, target_row.url);
  if (run.finished_at.empty())
    services.note(fmt::format("run {} has not ended: this is how far it is", run.id));
  Certificate certificate{
      .run = run,
      .policy = frozen_policy(run),
      .origin = stores.proof.run_origin(run.id).value_or(RunOrigin{}),
      .evidence = proof->evidence(run.id),
      .holds = holds_between(target->holds(true), run.created_at, run.finished_at),
      .parked = target->parked(run.id, parked_max),
      .audit = stores.proof.audit_of_run(run.id),
      .heads = stores.proof.ledger_heads(run.target,
                                         {.after = "", .run = run.id, .rows_max = heads_max}),
      .ledger = check_ledger(stores.proof, *proof, run.target, run.id),
      .look = std::nullopt};
  if (!options.skip_look) certificate.look = look_again(certificate, *target, *proof);
  if (services.output().is_json())
    services.output().card(certificate_record(certificate));
  else
    services.output().text(certificate_text(certificate));
  return certificate.ledger.findings().wrong() == 0 ? ExitCode::done : ExitCode::failed;
}

}  // namespace

void add_report(const Command& root) {
  const auto options = std::make_shared<ReportOptions>();
  root.add("report",
           "Certifies what a run deleted; exit 1 when its ledger is not as it was written",
           "lethe report --run 01JD3M3XQ7W3G5V9B1K2N4P6R8\n"
           "lethe report --run 01JD3M3XQ7W3G5V9B1K2N4P6R8 --output json > certificate.json")
      .required("--run", options->run, "of lethe run list")
      .flag("--skip-look", options->skip_look,
            "do not read the table again to see that nothing is left")
      .runs(options, report);
}

}  // namespace lethe::cli
