#include "cli/commands/policy.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <stdexcept>

#include "cli/lookup.hpp"
#include "cli/policy_text.hpp"
#include "cli/preview.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t firings_default = 10;
constexpr std::int64_t firings_max = 1000;

ExitCode list(Services& services) {
  services.output().list(records_of(services.stores().policies.list(), policy_record),
                         {"name", "target", "enabled", "paused", "next_fire_at", "last_state",
                          "last_rows", "last_finished_at"},
                         "no policy yet; apply a file with lethe policy apply -f FILE");
  return ExitCode::done;
}

/// For people the spec is shown key by key instead of as JSON.
std::string policy_card(const PolicyRow& row) {
  Record card = policy_details(row);
  card.pop_back();
  for (auto& [field, value] : policy_fields(stored_policy(row))) {
    if (field != "target") card.push_back({field, std::move(value)});
  }
  return render_card(card);
}

ExitCode show(Services& services, const std::string& name) {
  const PolicyRow row = find_policy(services.stores(), name);
  services.output().text(services.output().is_json() ? render_json({policy_details(row)})
                                                     : policy_card(row));
  return ExitCode::done;
}

ExitCode preview(Services& services, const std::string& name) {
  Stores& stores = services.stores();
  const PolicyRow row = find_policy(stores, name);
  const Policy policy = stored_policy(row);
  const TargetRow target = find_target(stores, row.target);
  const auto database = services.target(target.name, target.url);
  show_preview(services, take_preview(services, policy, *database));
  return ExitCode::done;
}

/// The instant in the policy's own zone. Throws UserError when this machine does not know it.
std::string local_text(Instant instant, const std::string& timezone) {
  try {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(instant);
    return date::format("%F %T %Z", date::make_zoned(timezone, seconds));
  } catch (const std::runtime_error&) {
    throw UserError(ExitCode::bad_config,
                    fmt::format("timezone: this machine knows no zone '{}'; install tzdata",
                                one_line(timezone)));
  }
}

struct NextOptions {
  std::string name;
  std::optional<std::int64_t> count;
};

ExitCode next(Services& services, const NextOptions& options) {
  Stores& stores = services.stores();
  const PolicyRow row = find_policy(stores, options.name);
  const Policy policy = stored_policy(row);
  std::vector<Record> records;
  std::optional<Instant> instant = next_firing(policy, stores.policies.now(), row.name);
  const auto wanted = static_cast<std::size_t>(options.count.value_or(firings_default));
  while (instant && records.size() < wanted) {
    records.push_back({{"fires_at", to_iso8601(*instant), Show::instant},
                       {"local", local_text(*instant, policy.timezone)},
                       {"timezone", policy.timezone}});
    instant = next_firing(policy, *instant, row.name);
  }
  if (!row.enabled) services.note(fmt::format("policy {} is disabled and does not fire", row.name));
  services.output().list(records, {"fires_at", "local", "timezone"},
                         fmt::format("policy {} has no schedule; fire it with lethe policy run {}",
                                     row.name, row.name));
  return ExitCode::done;
}

}  // namespace

void add_policy(const Command& root) {
  const Command policy =
      root.add("policy", "What to keep", "lethe policy apply -f policies.yaml\nlethe policy list");
  add_policy_files(policy);
  policy.add("list", "Lists the policies with their last run", "lethe policy list --output json")
      .runs(list);
  policy
      .add("show", "Shows all that a policy says, and its last run",
           "lethe policy show executions-90d")
      .runs_with("NAME", "of the policy", show);
  policy
      .add("preview", "Counts what a run made now would delete, and deletes nothing",
           "lethe policy preview executions-90d")
      .runs_with("NAME", "of the policy", preview);
  add_policy_explain(policy);
  add_policy_changes(policy);
  add_policy_guards(policy);
  const auto options = std::make_shared<NextOptions>();
  policy.add("next", "Lists the next firings", "lethe policy next executions-90d --count 3")
      .positional("NAME", options->name, "of the policy")
      .option("--count", options->count, {1, firings_max}, "how many (default 10)")
      .runs(options, next);
}

}  // namespace lethe::cli
