#include "cli/commands/enqueue.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "cli/lookup.hpp"
#include "cli/parsed.hpp"
#include "cli/preview.hpp"
#include "cli/run_watch.hpp"
#include "cli/start_time.hpp"
#include "cli/text.hpp"
#include "common/policies/guard_parser.hpp"
#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "common/policies/text_rules.hpp"
#include "common/policies/time_unit.hpp"

namespace lethe::cli {
namespace {

constexpr std::size_t timestamps_max = 4;
constexpr std::int64_t keep_min_max = 1'000'000'000'000;
constexpr std::int64_t priority_max = 4;
constexpr std::size_t source_id_bytes_max = 500;

struct EnqueueOptions {
  std::string target;
  std::string table;
  std::string timestamp;
  std::string older_than;
  std::optional<std::string> tenant_column;
  std::optional<std::string> tenant;
  std::vector<std::string> where;
  std::vector<std::string> cascade;
  std::optional<std::int64_t> keep_min;
  std::string lane = "urgent";
  std::optional<std::int64_t> priority;
  std::string source_id;
  StartTimeOptions start;
  std::optional<std::string> expire_after;
  std::optional<std::int64_t> max_rows;
  std::optional<std::string> max_fraction;
  bool dry_run = false;
  bool yes = false;
  bool wait = false;
};

/// Timestamp columns as a policy has them.
struct TimeColumns {
  std::vector<std::string> names;
  TimeUnits units;
};

/// "a,b:ms": what stands behind the last colon of a column is its unit, if it is one.
TimeColumns parse_columns(const std::string& text) {
  TimeColumns columns;
  for (std::string& name : split(text, ',')) {
    const std::size_t colon = name.rfind(':');
    const auto unit = colon == std::string::npos ? std::optional<TimeUnit>()
                                                 : find_time_unit(name.substr(colon + 1));
    if (unit) {
      name.resize(colon);
      columns.units[name] = *unit;
    }
    columns.names.push_back(name);
    if (name.empty() || columns.names.size() > timestamps_max)
      throw std::invalid_argument("write 1 to 4 columns, such as started_at,created_ms:ms");
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
  const TimeColumns columns = parsed("--timestamp", options.timestamp, parse_columns);
  policy.timestamp = columns.names;
  policy.units = columns.units;
  policy.retain = parsed("--older-than", options.older_than, parse_retention);
  for (const std::string& equality : options.where)
    policy.where.children.push_back(parsed("--where", equality, parse_equality));
  for (const std::string& child : options.cascade)
    parsed("--cascade", child, [&](const std::string& text) { add_child(text, policy); });
  if (options.tenant) {
    policy.tenant = TenantRule{.column = *options.tenant_column,
                               .keep_min = options.keep_min,
                               .overrides = {},
                               .only = options.tenant};
  } else {
    policy.keep_min = options.keep_min;
  }
  policy.guards.max_rows_per_run = options.max_rows.value_or(0);
  if (options.max_fraction)
    policy.guards.max_fraction_ppm =
        parsed("--max-fraction", *options.max_fraction, parse_fraction);
  policy.lane = parsed("--lane", options.lane, parse_lane);
  if (options.priority) policy.priority = static_cast<std::int32_t>(*options.priority);
  if (options.expire_after)
    policy.expire_after_seconds = parsed("--expire-after", *options.expire_after, parse_expiry);
  return policy;
}

/// A run expires by the time that has passed since it was made, so one that starts later gets more
/// of it, unless somebody said how much.
void fit_expiry(Policy& policy, const EnqueueOptions& options, std::chrono::seconds delay) {
  if (!options.expire_after) policy.expire_after_seconds += delay.count();
  const std::chrono::seconds expiry(policy.expire_after_seconds);
  if (expiry > expiry_max)
    throw UserError(ExitCode::usage, "a run starts within 29 days; choose an earlier --at or --in");
  if (expiry <= delay)
    throw UserError(ExitCode::usage,
                    "--expire-after: the run would expire before it starts; it counts from now on");
}

std::string parse_source_id(const std::string& text) {
  if (text.size() > source_id_bytes_max || !is_utf8(text) || has_control_character(text))
    throw std::invalid_argument("use at most 500 bytes of text without control characters");
  return text;
}

bool is_confirmed(Services& services, const Policy& policy, const Preview& preview) {
  const Census& census = preview.census;
  services.environment().err << preview_text(preview);
  return services.confirm(fmt::format("Delete {} of {} in target {}?",
                                      counted(census.eligible, "row", "rows"),
                                      to_text(policy.table), policy.target));
}

ExitCode enqueue(Services& services, const EnqueueOptions& options) {
  Policy policy = make_policy(options);
  StartOptions start{.policy_epoch = 0,
                     .source_id = parsed("--source-id", options.source_id, parse_source_id),
                     .not_before = ""};
  if (!options.dry_run) services.require_yes(options.yes);
  const StartTime time = start_time(services, options.start);
  start.not_before = time.not_before;
  fit_expiry(policy, options, time.delay);
  Stores& stores = services.stores();
  const TargetRow row = find_target(stores, options.target);
  const auto target = services.target(row.name, row.url);
  target->check_policy(policy, "enqueue");
  if (options.dry_run) {
    show_preview(services, take_preview(services, policy, *target));
    return ExitCode::done;
  }
  if (!options.yes) {
    const Preview preview = take_preview(services, policy, *target);
    if (!is_confirmed(services, policy, preview)) {
      services.note("nothing was enqueued");
      return ExitCode::failed;
    }
    start.acknowledged = preview.census.eligible;
  }
  return report_new_run(services, stores.runs.start(policy, start, services.actor()), options.wait);
}

}  // namespace

void add_enqueue(const Command& root) {
  const auto options = std::make_shared<EnqueueOptions>();
  const Command command = root.add(
      "enqueue", "Cleans once, without a policy",
      "lethe enqueue --target app --table public.logs --timestamp at --older-than 90d "
      "--dry-run\n"
      "lethe enqueue --target app --table logs --timestamp seen_at,created_at --older-than "
      "'6 months' --where level=debug --yes --wait\n"
      "lethe enqueue --target app --table logs --timestamp at --older-than 30d "
      "--tenant-column tenant_id --tenant acme --keep-min 100 --yes\n"
      "lethe enqueue --target app --table logs --timestamp at --older-than 30d --lane bulk "
      "--in 2h --source-id nightly --yes");
  command.required("--target", options->target, "where")
      .required("--table", options->table, "SCHEMA.TABLE, or TABLE in the schema public")
      .required("--timestamp", options->timestamp,
                "column that tells a row's age, with :s, :ms, :us or :uuidv7 behind a number or a "
                "UUID; with C1,C2 the second counts where the first is NULL")
      .required("--older-than", options->older_than, "age from which rows go, such as 90d")
      .option("--tenant-column", options->tenant_column, "column that holds the tenant")
      .option("--tenant", options->tenant, "only rows of this tenant")
      .repeatable("--where", options->where, "only rows with COLUMN=VALUE; may be repeated")
      .repeatable("--cascade", options->cascade,
                  "SCHEMA.TABLE whose rows go along with those that they point at; may be repeated")
      .option("--keep-min", options->keep_min, {0, keep_min_max}, "the newest rows to keep anyway")
      .option("--lane", options->lane,
              "which workers take it (default urgent); a lane of the tenant's own goes before")
      .option("--priority", options->priority, {0, priority_max},
              "0 (first) to 4 (default 2); a step weighs as much as ten minutes of waiting")
      .option("--source-id", options->source_id,
              "key of your own: while a run with it is open, no second one is made")
      .option("--expire-after", options->expire_after,
              "no batch starts later than this from now, 1min to 30d (default 24h after the start)")
      .option("--max-rows", options->max_rows, {1, guard_rows_max},
              "refuse the run when it would delete more, and let no batch go beyond")
      .option("--max-fraction", options->max_fraction,
              "refuse the run when it would delete a larger part of the table, such as 0.5")
      .flag("--dry-run", options->dry_run, "only count what would go and what would stay")
      .flag("--yes", options->yes, "do not ask; required when nobody is at a terminal")
      .flag("--wait", options->wait, "follow the run; exit 0 only when it is satisfied");
  options->start.add_to(command);
  command.runs(options, enqueue);
}

}  // namespace lethe::cli
