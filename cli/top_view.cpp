#include "cli/top_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/records.hpp"
#include "cli/text.hpp"

namespace lethe::cli {
namespace {

constexpr std::size_t lines_min = 3;  // of each part, however small the screen

std::optional<std::int64_t> rate_of(const FleetView& view, const std::string& run) {
  const auto found = view.rates.find(run);
  if (found == view.rates.end()) return std::nullopt;
  return found->second;
}

Value percent_of(const RunRow& run) {
  if (!run.estimated_rows || *run.estimated_rows <= 0) return {};
  // Whole only when it is satisfied, whatever was estimated.
  return std::clamp<std::int64_t>(run.rows * 100 / *run.estimated_rows, 0, 99);
}

Value seconds_value(const std::optional<std::chrono::seconds>& duration) {
  if (!duration) return {};
  return static_cast<std::int64_t>(duration->count());
}

Record run_line(const FleetView& view, const RunRow& run) {
  const auto rate = rate_of(view, run.id);
  return {{"run", run.id},
          {"policy", or_null(run.policy)},
          {"target", run.target},
          {"state", run.state},
          {"rows", run.rows, Show::count},
          {"percent", percent_of(run)},
          {"rows_per_second", or_null(rate), Show::count},
          {"seconds_left", seconds_value(time_left(run, rate))},
          {"tasks", run.live_tasks},
          {"passes", std::int64_t{run.passes}}};
}

/// Why a target does less than it could; "" when nothing holds it.
std::string throttle_of(const TargetRow& target) {
  if (!target.frozen.empty()) return "frozen: " + target.frozen;
  if (target.paused) return "paused";
  if (!target.circuit_until.empty()) return "not reached; tried again from " + target.circuit_until;
  if (target.rows_per_second > 0)
    return fmt::format("at most {} rows/s", grouped(target.rows_per_second));
  return target.waiting > 0 && target.running >= target.max_running ? "all of max_running taken"
                                                                    : "";
}

Record target_line(const TargetRow& target) {
  return {{"target", target.name},
          {"running", target.running},
          {"max_running", std::int64_t{target.max_running}},
          {"waiting", target.waiting},
          {"throttle", or_null(throttle_of(target))}};
}

/// What is late first shows that it is.
Record policy_line(const PolicyStatistics& policy) {
  return {{"policy", policy.name},
          {"target", policy.target},
          {"lag_seconds", static_cast<std::int64_t>(policy.lag_seconds), Show::count},
          {"failing", policy.failing}};
}

Record worker_line(const WorkerRow& worker) {
  return {{"worker", worker.id},
          {"instance", worker.instance},
          {"phase", worker.phase},
          {"busy", std::int64_t{worker.busy}},
          {"slots", std::int64_t{worker.slots}},
          {"last_seen_ms", worker.last_seen_ms, Show::count}};
}

std::vector<std::string> columns_of(const std::vector<Record>& records) {
  std::vector<std::string> columns;
  if (records.empty()) return columns;
  for (const Field& field : records.front()) columns.push_back(field.name);
  return columns;
}

/// One part of the screen.
struct Part {
  std::vector<Record> records;
  std::size_t total = 0;  ///< of which `records` may be the first
  std::string name;       ///< of one, for how many are not shown
  std::string names;
  std::string none;  ///< what stands there without any
};

Part whole(std::vector<Record> records, const std::string& name, const std::string& names,
           const std::string& none) {
  const std::size_t total = records.size();
  return {
      .records = std::move(records), .total = total, .name = name, .names = names, .none = none};
}

/// A table of the first `lines` records, and how many were left out.
std::string text_of(const Part& part, std::size_t lines) {
  const std::vector<Record>& records = part.records;
  if (records.empty()) return part.none + "\n";
  const std::size_t shown = std::min(records.size(), lines);
  std::vector<Record> first(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(shown));
  std::string text = render_table(first, columns_of(first));
  if (shown < part.total) {
    const auto left = static_cast<std::int64_t>(part.total - shown);
    text += fmt::format("... and {} more {}\n", grouped(left), left == 1 ? part.name : part.names);
  }
  return text;
}

std::string summary(const FleetView& view) {
  std::int64_t busy = 0;
  std::int64_t slots = 0;
  for (const WorkerRow& worker : view.workers) {
    busy += worker.busy;
    slots += worker.slots;
  }
  std::int64_t rate = 0;
  for (const auto& [run, rows] : view.rates) rate += rows;
  std::string line = fmt::format(
      "{}, {} of {} busy; {} open; {}{}/s",
      counted(static_cast<std::int64_t>(view.workers.size()), "worker", "workers"), busy,
      counted(slots, "slot", "slots"), counted(view.open_runs, "run", "runs"),
      // The others' pace was not measured.
      view.open_runs > std::ssize(view.runs) ? "at least " : "", counted(rate, "row", "rows"));
  for (const auto& pause : view.pauses) {
    line +=
        fmt::format("; {} {}{}", pause.frozen ? "frozen:" : "paused:", to_string(pause.pause.scope),
                    pause.pause.name.empty() ? "" : " " + one_line(pause.pause.name));
  }
  return line + "\n";
}

std::vector<Record> run_lines(const FleetView& view) {
  std::vector<Record> records;
  for (const RunRow& run : view.runs) records.push_back(run_line(view, run));
  return records;
}

}  // namespace

void FleetGauge::measure(FleetView& view, Clock::time_point at) {
  std::map<std::string, RateMeter> open;
  for (const RunRow& run : view.runs) {
    RateMeter meter = meters_[run.id];
    meter.add(at, run.rows);
    if (const auto rate = meter.rows_per_second()) view.rates[run.id] = *rate;
    open[run.id] = std::move(meter);
  }
  meters_ = std::move(open);
}

std::optional<std::chrono::seconds> time_left(const RunRow& run, std::optional<std::int64_t> rate) {
  const std::int64_t left = run.estimated_rows.value_or(0) - run.rows;
  if (!rate || *rate <= 0 || left <= 0) return std::nullopt;
  return std::chrono::seconds(left / *rate + 1);
}

std::string top_text(const FleetView& view, int lines) {
  // A line for the totals, four of titles, four for what is left out and four between are gone.
  const auto each =
      std::max<std::size_t>(lines_min, static_cast<std::size_t>(std::max(lines - 13, 0)) / 4);
  Part runs = whole(run_lines(view), "run", "runs", "no run is open");
  runs.total = static_cast<std::size_t>(view.open_runs);
  std::string text = summary(view);
  for (const Part& part :
       {runs,
        whole(records_of(view.policies, policy_line), "policy", "policies", "no policy is enabled"),
        whole(records_of(view.workers, worker_line), "worker", "workers",
              "no worker runs; start lethe-worker"),
        whole(records_of(view.targets, target_line), "target", "targets", "there is no target")})
    text += "\n" + text_of(part, each);
  return text;
}

Record top_record(const FleetView& view) {
  return {{"open_runs", view.open_runs},
          {"workers", nested(records_of(view.workers, worker_line))},
          {"runs", nested(run_lines(view))},
          {"policies", nested(records_of(view.policies, policy_line))},
          {"targets", nested(records_of(view.targets, target_line))}};
}

}  // namespace lethe::cli
