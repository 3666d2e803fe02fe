#include "cli/commands/enqueue.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "cli/lookup.hpp"
#include "cli/records.hpp"
#include "cli/run_watch.hpp"
#include "cli/text.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"

namespace lethe::cli {
namespace {

constexpr std::size_t timestamps_max = 4;
constexpr std::int64_t keep_min_max = 1'000'000'000'000;

struct EnqueueOptions {
  std::string target;
  std::string table;
  std::string timestamp;
  std::string older_than;
  std::optional<std::string> tenant_column;
  std::optional<std::string> tenant;
  std::vector<std::string> where;
  std::optional<std::int64_t> keep_min;
  bool dry_run = false;
  bool yes = false;
  bool wait = false;
};

/// The result of a parser that throws std::invalid_argument, as a usage error of `flag`.
template <class Parser>
auto parsed(const char* flag, const std::string& text, const Parser& parser)
    -> decltype(parser(text)) {
  try {
    return parser(text);
  } catch (const std::invalid_argument& error) {
    throw UserError(ExitCode::usage, fmt::format("{}: {}", flag, error.what()));
  }
}

std::vector<std::string> parse_columns(const std::string& text) {
  std::vector<std::string> columns = split(text, ',');
  for (const std::string& column : columns) {
    if (column.empty() || columns.size() > timestamps_max)
      throw std::invalid_argument("write 1 to 4 columns, such as started_at,created_at");
  }
  return columns;
}

Condition parse_equality(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw std::invalid_argument("write COLUMN=VALUE, such as status=done");
  Condition condition;
  condition.kind = Condition::Kind::comparison;
  condition.column = text.substr(0, equals);
  condition.values = {text.substr(equals + 1)};
  return condition;
}

Policy make_policy(const EnqueueOptions& options) {
  if (options.tenant_column.has_value() != options.tenant.has_value())
    throw UserError(ExitCode::usage, "give --tenant-column and --tenant together");
  Policy policy;
  policy.target = options.target;
  policy.table = parsed("--table", options.table, parse_table_name);
  policy.timestamp = parsed("--timestamp", options.timestamp, parse_columns);
  policy.retain = parsed("--older-than", options.older_than, parse_retention);
  for (const std::string& equality : options.where)
    policy.where.children.push_back(parsed("--where", equality, parse_equality));
  if (options.tenant) {
    policy.tenant = TenantRule{.column = *options.tenant_column,
                               .keep_min = options.keep_min,
                               .overrides = {},
                               .only = options.tenant};
  } else {
    policy.keep_min = options.keep_min;
  }
  return policy;
}

ExitCode show_census(Services& services, const Census& census) {
  if (services.output().is_json()) {
    services.output().card(census_record(census));
  } else {
    services.output().text(census_text(census));
  }
  return ExitCode::done;
}

bool is_confirmed(Services& services, const Policy& policy, const Census& census) {
  services.environment().err << census_text(census);
  return services.confirm(fmt::format("Delete {} of {} in target {}?",
                                      counted(census.eligible, "row", "rows"),
                                      to_text(policy.table), policy.target));
}

ExitCode enqueue(Services& services, const EnqueueOptions& options) {
  const Policy policy = make_policy(options);
  if (!options.dry_run) services.require_yes(options.yes);
  Stores& stores = services.stores();
  const TargetRow row = find_target(stores, options.target);
  const auto target = services.target(row.name, row.url);
  target->check_policy(policy, "enqueue");
  if (options.dry_run) return show_census(services, target->census(policy));
  if (!options.yes && !is_confirmed(services, policy, target->census(policy))) {
    services.note("nothing was enqueued");
    return ExitCode::failed;
  }
  const RunId run = stores.runs.start(policy, 0, services.actor());
  return report_new_run(services, run.value, options.wait);
}

}  // namespace

void add_enqueue(const Command& root) {
  const auto options = std::make_shared<EnqueueOptions>();
  root.add("enqueue", "Cleans once, without a policy",
           "lethe enqueue --target app --table public.logs --timestamp at --older-than 90d "
           "--dry-run\n"
           "lethe enqueue --target app --table logs --timestamp seen_at,created_at --older-than "
           "'6 months' --where level=debug --yes --wait\n"
           "lethe enqueue --target app --table logs --timestamp at --older-than 30d "
           "--tenant-column tenant_id --tenant acme --keep-min 100 --yes")
      .required("--target", options->target, "where")
      .required("--table", options->table, "SCHEMA.TABLE, or TABLE in the schema public")
      .required("--timestamp", options->timestamp,
                "column that tells a row's age; with C1,C2 the second counts where the first is "
                "NULL")
      .required("--older-than", options->older_than, "age from which rows go, such as 90d")
      .option("--tenant-column", options->tenant_column, "column that holds the tenant")
      .option("--tenant", options->tenant, "only rows of this tenant")
      .repeatable("--where", options->where, "only rows with COLUMN=VALUE; may be repeated")
      .option("--keep-min", options->keep_min, {0, keep_min_max}, "the newest rows to keep anyway")
      .flag("--dry-run", options->dry_run, "only count what would go and what would stay")
      .flag("--yes", options->yes, "do not ask; required when nobody is at a terminal")
      .flag("--wait", options->wait, "follow the run; exit 0 only when it is satisfied")
      .runs(options, enqueue);
}

}  // namespace lethe::cli
