#include "cli/commands/row_why.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/lookup.hpp"
#include "cli/parsed.hpp"
#include "cli/records.hpp"
#include "cli/row_reason.hpp"
#include "cli/text.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"

namespace lethe::cli {
namespace {

struct WhyOptions {
  std::string target;
  std::string table;
  std::vector<std::string> key;
};

bool is_among(const std::vector<TableName>& tables, const TableName& table) {
  return std::find(tables.begin(), tables.end(), table) != tables.end();
}

RowKey parse_key(const std::vector<std::string>& texts) {
  if (texts.empty())
    throw UserError(ExitCode::usage, "--key: which row? Name it by a key: --key id=7");
  try {
    return parse_row_key(texts);
  } catch (const std::invalid_argument& error) {
    throw UserError(ExitCode::usage, fmt::format("--key: {}", error.what()));
  }
}

std::string key_text(const RowKey& key) {
  std::string text;
  for (const auto& [column, value] : key)
    text += fmt::format("{}{} = {}", text.empty() ? "" : " and ", column, value);
  return text;
}

/// Of every policy that covers the row; those that would take it first.
std::vector<RowAnswer> ask(Stores& stores, TargetProof& proof, const TargetRow& target,
                           const TableName& table, const RowKey& key, const FoundRow& found) {
  std::vector<RowAnswer> answers;
  const auto pauses = stores.fleet.pauses();
  for (const PolicyRow& row : stores.policies.list()) {
    if (row.target != target.name) continue;
    RowAnswer answer{.row = row, .policy = stored_policy(row), .verdict = {}, .pauses = pauses};
    const auto& along = answer.policy.cascade;
    if (is_among(found.tables, answer.policy.table))
      answer.verdict = proof.judge_row(answer.policy, table, key);
    else if (std::none_of(along.begin(), along.end(),
                          [&](const TableName& child) { return is_among(found.tables, child); }))
      continue;
    answers.push_back(std::move(answer));
  }
  return answers;
}

void print(Services& services, const std::vector<RowAnswer>& answers) {
  for (const RowAnswer& answer : answers)
    services.output().text(fmt::format("policy {}: {}\n", one_line(answer.row.name),
                                       one_line(row_reason(answer).sentence)));
}

ExitCode why(Services& services, const WhyOptions& options) {
  const TableName table = parsed("--table", options.table, parse_table_name);
  const RowKey key = parse_key(options.key);
  Stores& stores = services.stores();
  const TargetRow target = find_target(stores, options.target);
  const auto proof = services.target_proof(target.name, target.url);
  const auto found = proof->find_row(table, key);
  if (!found)
    throw UserError(ExitCode::not_found,
                    fmt::format("no row of {} has {}: it is gone, or it never was there; lethe "
                                "ledger list --target {} shows what was deleted",
                                to_text(table), key_text(key), target.name));
  const auto answers = ask(stores, *proof, target, table, key, *found);
  if (services.output().is_json()) {
    services.output().text(render_json(records_of(answers, row_answer_record)));
  } else if (answers.empty()) {
    services.output().text(fmt::format("no policy of target {} covers {}: nothing deletes it\n",
                                       target.name, one_line(found->relation)));
  } else {
    print(services, answers);
  }
  return ExitCode::done;
}

}  // namespace

void add_row_why(const Command& root) {
  const auto options = std::make_shared<WhyOptions>();
  root.add("why", "Tells why a row is still there, policy by policy; changes nothing",
           "lethe why --target app --table public.orders --key id=4711\n"
           "lethe why --target app --table public.lines --key order_id=4711,line=2 --output json")
      .required("--target", options->target, "where the row is")
      .required("--table", options->table, "schema.table")
      .repeatable("--key", options->key, "C=V[,C2=V2]: values by which the row is found")
      .runs(options, why);
}

}  // namespace lethe::cli
