#include "cli/commands/dead.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/lookup.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

constexpr const char* example_id = "01JD3M3XQ7W3G5V9B1K2N4P6R8";
constexpr std::int32_t rows_at_once = 10'000;
constexpr std::int32_t preview_rows = 10;

struct DeadOptions {
  std::vector<std::string> ids;
  std::string run;
  std::string policy;
  std::string target;
  std::string reason;
  bool all = false;
  bool yes = false;
  bool dry_run = false;
  std::optional<std::int64_t> limit;

  [[nodiscard]] bool has_filter() const {
    return !run.empty() || !policy.empty() || !target.empty() || !reason.empty();
  }
  [[nodiscard]] DeadFilter filter() const {
    return {.ids = ids, .run = run, .policy = policy, .target = target, .reason = reason};
  }
};

std::string dead_letters(std::int64_t count) {
  return counted(count, "dead letter", "dead letters");
}

/// Where nothing was found, a name that is not there is the likely reason. Only then: dead letters
/// outlive their policy and their target.
void check_names(Stores& stores, const DeadOptions& options) {
  if (!options.run.empty()) static_cast<void>(find_run(stores, options.run));
  if (!options.policy.empty()) static_cast<void>(find_policy(stores, options.policy));
  if (!options.target.empty()) static_cast<void>(find_target(stores, options.target));
}

ExitCode list(Services& services, const DeadOptions& options) {
  Stores& stores = services.stores();
  DeadFilter filter = options.filter();
  if (options.limit) filter.rows_max = static_cast<std::int32_t>(*options.limit);
  const std::vector<DeadRow> rows = stores.dead.list(filter);
  if (rows.empty()) check_names(stores, options);
  services.output().list(records_of(rows, dead_record),
                         {"id", "policy", "target", "kind", "died_at", "sqlstate", "reason"},
                         options.has_filter() ? "no such dead letter" : "no dead letter");
  return ExitCode::done;
}

ExitCode show(Services& services, const std::string& id) {
  services.output().card(dead_details(find_dead(services.stores(), id)));
  return ExitCode::done;
}

/// What `retry` and `discard` do. Plain functions of the store and words.
struct Verb {
  const char* name;
  const char* summary;
  const char* question;  ///< before "12 dead letters?"
  const char* change;    ///< in JSON
  const char* said;      ///< after the count
  const char* stayed;    ///< why some may not have been touched
  std::vector<std::string> (DeadStore::*act)(const DeadFilter& filter, const std::string& actor);
};

constexpr Verb retry_verb{"retry",
                          "Puts dead letters back into the queue and opens their runs again",
                          "Put back",
                          "retried",
                          "put back into the queue",
                          "another run of their policy is open, or their run was cancelled",
                          &DeadStore::retry};
constexpr Verb discard_verb{
    "discard",          "Forgets dead letters for good; their runs stay as they ended",
    "Forget",           "discarded",
    "forgotten",        "somebody else was faster",
    &DeadStore::discard};

/// Throws UserError unless the options say which dead letters are meant, in one way.
void check_choice(const Verb& verb, const DeadOptions& options) {
  const int given =
      (options.ids.empty() ? 0 : 1) + (options.has_filter() ? 1 : 0) + (options.all ? 1 : 0);
  if (given == 0)
    throw UserError(
        ExitCode::usage,
        fmt::format("which ones? give ids, --run, --policy, --target, --reason or --all; see lethe "
                    "dead {} --help",
                    verb.name));
  if (given > 1)
    throw UserError(ExitCode::usage,
                    "give ids, or filters such as --run, or --all, but not more than one of these");
}

Record preview_record(const DeadRow& row) {
  return {
      {"id", row.task.id}, {"target", row.task.target}, {"reason", or_null(row.task.last_error)}};
}

/// The count and the first ten.
struct Preview {
  std::int64_t count = 0;
  std::vector<Record> first;
};

Preview make_preview(Stores& stores, const DeadOptions& options) {
  DeadFilter filter = options.filter();
  filter.rows_max = preview_rows;
  return {.count = stores.dead.count(filter),
          .first = records_of(stores.dead.list(filter), preview_record)};
}

std::string preview_text(const Preview& preview) {
  std::string text = dead_letters(preview.count) + "\n";
  if (preview.first.empty()) return text;
  text += render_table(preview.first, {"id", "target", "reason"});
  const std::int64_t more = preview.count - static_cast<std::int64_t>(preview.first.size());
  return more > 0 ? text + fmt::format("and {} more\n", grouped(more)) : text;
}

ExitCode show_preview(Services& services, const Preview& preview) {
  if (services.output().is_json()) {
    services.output().card({{"count", preview.count}, {"first", nested(preview.first)}});
  } else {
    services.output().text(preview_text(preview));
  }
  return ExitCode::done;
}

/// Acts on at most `count` of them: what dies meanwhile, perhaps again, was not asked for.
std::vector<std::string> act_on(Services& services, const Verb& verb, DeadFilter filter,
                                std::int64_t count) {
  std::vector<std::string> ids;
  while (count > 0) {
    filter.rows_max = static_cast<std::int32_t>(std::min<std::int64_t>(count, rows_at_once));
    const auto some = (services.stores().dead.*verb.act)(filter, services.actor());
    if (some.empty()) break;
    count -= static_cast<std::int64_t>(some.size());
    ids.insert(ids.end(), some.begin(), some.end());
  }
  return ids;
}

std::string ids_text(const std::vector<std::string>& ids) {
  const auto shown = static_cast<std::ptrdiff_t>(std::min<std::size_t>(ids.size(), preview_rows));
  const std::string text = fmt::format("{}", fmt::join(ids.begin(), ids.begin() + shown, ", "));
  const auto more = static_cast<std::int64_t>(ids.size()) - shown;
  return more > 0 ? fmt::format("{} and {} more", text, grouped(more)) : text;
}

ExitCode report(Services& services, const Verb& verb, const std::vector<std::string>& ids,
                std::int64_t wanted) {
  const auto done = static_cast<std::int64_t>(ids.size());
  const std::int64_t stayed = std::max<std::int64_t>(wanted - done, 0);
  std::string sentence = fmt::format("{} {}", dead_letters(done), verb.said);
  if (!ids.empty()) sentence += ": " + ids_text(ids);
  if (stayed > 0) sentence += fmt::format("; not done for {}: {}", grouped(stayed), verb.stayed);
  services.output().result({{"change", std::string(verb.change)},
                            {"count", done},
                            {"stayed", stayed},
                            {"ids", nested(ids)}},
                           sentence);
  if (stayed == 0) return ExitCode::done;
  return done == 0 ? ExitCode::refused : ExitCode::failed;
}

/// Explicit ids must all be there, before anything is done; anything else is shown first.
ExitCode act(Services& services, const Verb& verb, const DeadOptions& options) {
  check_choice(verb, options);
  const bool is_bulk = options.ids.empty();
  if (is_bulk && !options.dry_run) services.require_yes(options.yes);
  Stores& stores = services.stores();
  for (const std::string& id : options.ids) static_cast<void>(find_dead(stores, id));
  const Preview preview = make_preview(stores, options);
  if (preview.count == 0) check_names(stores, options);
  if (options.dry_run) return show_preview(services, preview);
  if (is_bulk && preview.count > 0) {
    services.environment().err << preview_text(preview);
    const std::string question = fmt::format("{} {}?", verb.question, dead_letters(preview.count));
    if (!options.yes && !services.confirm(question)) {
      services.note("nothing was changed");
      return ExitCode::failed;
    }
  }
  return report(services, verb, act_on(services, verb, options.filter(), preview.count),
                preview.count);
}

void add_filters(const Command& command, DeadOptions& options) {
  command.option("--run", options.run, "only of this run")
      .option("--policy", options.policy, "only of this policy")
      .option("--target", options.target, "only in this target")
      .option("--reason", options.reason, "only with this text in the reason, exact case");
}

void add_verb(const Command& dead, const Verb& verb) {
  const auto options = std::make_shared<DeadOptions>();
  const Command command =
      dead.add(verb.name, verb.summary,
               fmt::format("lethe dead {0} {1}\nlethe dead {0} --run {1} --dry-run\n"
                           "lethe dead {0} --reason 'permission denied' --yes\n"
                           "lethe dead {0} --all",
                           verb.name, example_id));
  command.positionals("ID", options->ids, "of the tasks");
  add_filters(command, *options);
  command.flag("--all", options->all, "every dead letter")
      .flag("--dry-run", options->dry_run, "only show which ones it would be")
      .flag("--yes", options->yes, "do not ask; required without ids when nobody is at a terminal")
      .runs([options, &verb](Services& services) { return act(services, verb, *options); });
}

}  // namespace

void add_dead(const Command& root) {
  const Command dead =
      root.add("dead", "Dead letters: tasks that will not be tried again by themselves",
               "lethe dead list\nlethe dead retry --policy executions-90d");
  const auto options = std::make_shared<DeadOptions>();
  const Command list_command =
      dead.add("list", "Lists dead letters, the newest first",
               "lethe dead list --target app --reason 'permission denied'\n"
               "lethe dead list --output json");
  add_filters(list_command, *options);
  list_command.option("--limit", options->limit, {1, rows_at_once}, "at most so many (default 100)")
      .runs(options, list);
  dead.add("show", "Shows one dead letter", fmt::format("lethe dead show {}", example_id))
      .runs_with("ID", "of the task", show);
  add_verb(dead, retry_verb);
  add_verb(dead, discard_verb);
}

}  // namespace lethe::cli
