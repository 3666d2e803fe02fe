#include "cli/commands/audit.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "cli/proof_output.hpp"
#include "cli/proof_pages.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t limit_max = 10'000;
constexpr std::size_t anchors_max = 100'000;

struct ListOptions {
  std::string action;
  std::string object;
  std::optional<std::int64_t> limit;
};

struct VerifyOptions {
  std::optional<std::string> anchor;
  std::vector<std::string> heads;
};

ExitCode list(Services& services, const ListOptions& options) {
  AuditFilter filter{.action = options.action, .object = options.object};
  if (options.limit) filter.rows_max = static_cast<std::int32_t>(*options.limit);
  services.output().list(records_of(services.stores().proof.audit_entries(filter), audit_record),
                         {"id", "at", "actor", "action", "object", "detail"},
                         "the audit has no such entry");
  return ExitCode::done;
}

AuditHead head_from(const std::string& text, const std::string& field) {
  if (const auto head = parse_audit_head(text)) return *head;
  throw UserError(ExitCode::usage,
                  fmt::format("{}: '{}' is not ID:HASH as lethe audit verify prints it", field,
                              one_line(text)));
}

/// The heads that a file has, one per line; none when it is not there yet.
std::vector<AuditHead> read_anchors(const std::string& path) {
  std::vector<AuditHead> heads;
  std::error_code unreadable;
  if (!std::filesystem::exists(path, unreadable)) return heads;
  std::ifstream file(path);
  if (!file) throw UserError(ExitCode::usage, fmt::format("--anchor: cannot read {}", path));
  for (std::string line; std::getline(file, line);) {
    if (!line.empty())
      heads.push_back(
          head_from(line, fmt::format("--anchor: line {} of {}", heads.size() + 1, path)));
    if (heads.size() > anchors_max)
      throw UserError(ExitCode::usage, fmt::format("--anchor: {} has more than {} lines; start a "
                                                   "new file and keep the old one",
                                                   path, anchors_max));
  }
  return heads;
}

void append_anchor(const std::string& path, const AuditHead& head) {
  std::ofstream file(path, std::ios::app);
  file << to_text(head) << '\n';
  file.close();
  if (!file) throw UserError(ExitCode::failed, fmt::format("--anchor: cannot write to {}", path));
}

Record verified_record(const AuditCheck& check) {
  return {{"ok", check.findings().wrong() == 0},
          {"entries", check.entries(), Show::count},
          {"head", check.head().id == 0 ? Value{} : Value{to_text(check.head())}},
          {"wrong", check.findings().wrong(), Show::count},
          {"findings", findings_json(check.findings())}};
}

ExitCode verify(Services& services, const VerifyOptions& options) {
  std::vector<AuditHead> kept;
  for (const auto& text : options.heads) kept.push_back(head_from(text, "--expect-head"));
  std::vector<AuditHead> anchors;
  if (options.anchor) anchors = read_anchors(*options.anchor);
  kept.insert(kept.end(), anchors.begin(), anchors.end());
  const AuditCheck check = check_audit(services.stores().proof, kept);
  const bool ok = check.findings().wrong() == 0;
  if (services.output().is_json()) {
    services.output().card(verified_record(check));
  } else {
    print_findings(services, check.findings());
    services.output().text(
        ok ? fmt::format("the audit is as it was written: {}; head {}\n",
                         counted(check.entries(), "entry", "entries"), to_text(check.head()))
           : fmt::format("the audit is not as it was written: {} of {}\n",
                         counted(check.findings().wrong(), "thing is wrong", "things are wrong"),
                         counted(check.entries(), "entry", "entries")));
  }
  if (!ok) return ExitCode::failed;
  const bool is_new = anchors.empty() || !(anchors.back() == check.head());
  if (options.anchor && check.head().id > 0 && is_new) append_anchor(*options.anchor, check.head());
  return ExitCode::done;
}

}  // namespace

void add_audit(const Command& root) {
  const Command audit = root.add("audit", "What operators did, chained so that changes show",
                                 "lethe audit list --action hold.\nlethe audit verify");
  const auto list_options = std::make_shared<ListOptions>();
  audit
      .add("list", "Lists what operators did, the newest first",
           "lethe audit list\nlethe audit list --action hold. --output json")
      .option("--action", list_options->action, "such as run.start; hold. stands for all of holds")
      .option("--object", list_options->object, "what it was done to")
      .option("--limit", list_options->limit, {1, limit_max}, "at most so many (default 100)")
      .runs(list_options, list);
  const auto verify_options = std::make_shared<VerifyOptions>();
  audit
      .add("verify", "Takes every hash again: finds edited, missing and reordered entries; exit 1",
           "lethe audit verify\nlethe audit verify --anchor /mnt/elsewhere/lethe.anchor\n"
           "lethe audit verify --expect-head 17:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15"
           "d6c15b0f00a08")
      .option("--anchor", verify_options->anchor,
              "file of heads from before: each must still be there; then the head of now is added")
      .repeatable("--expect-head", verify_options->heads,
                  "ID:HASH from before, which must still be there")
      .runs(verify_options, verify);
}

}  // namespace lethe::cli
