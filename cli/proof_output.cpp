#include "cli/proof_output.hpp"

#include <fmt/format.h>

#include "cli/text.hpp"

namespace lethe::cli {

JsonText findings_json(const ProofFindings& findings) {
  std::vector<Record> records;
  for (const auto& finding : findings.kept())
    records.push_back({{"kind", std::string(to_string(finding.kind))},
                       {"where", finding.where},
                       {"what", finding.what}});
  return nested(records);
}

void print_findings(Services& services, const ProofFindings& findings) {
  const Terminal& terminal = services.environment().terminal;
  for (const auto& finding : findings.kept()) {
    const bool is_note = finding.kind == ProofFinding::Kind::note;
    services.output().text(marked_lines(
        is_note ? mark_warning : mark_problem,
        fmt::format("{}: {}: {}", to_string(finding.kind), finding.where, finding.what), "",
        terminal.out && terminal.colour));
  }
  if (findings.kept().size() == ProofFindings::kept_max)
    services.output().text(
        fmt::format("and more; in all {} things are wrong\n", grouped(findings.wrong())));
}

}  // namespace lethe::cli
