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

/// A table of the first `lines` records, and how many were left out.
std::string part(const std::vector<Record>& records, std::size_t lines, const std::string& none) {
  if (records.empty()) return none + "\n";
  const std::size_t shown = std::min(records.size(), lines);
  std::vector<Record> first(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(shown));
  std::string text = render_table(first, columns_of(first));
  if (shown < records.size()) text += fmt::format("... and {} more\n", records.size() - shown);
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
  std::string line =
      fmt::format("{}, {} of {} busy; {} open; {}/s",
                  counted(static_cast<std::int64_t>(view.workers.size()), "worker", "workers"),
                  busy, counted(slots, "slot", "slots"),
                  counted(static_cast<std::int64_t>(view.runs.size()), "run", "runs"),
                  counted(rate, "row", "rows"));
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
  // A line for the totals, three of titles and two between the parts are gone already.
  const auto each =
      std::max<std::size_t>(lines_min, static_cast<std::size_t>(std::max(lines - 9, 0)) / 3);
  return summary(view) + "\n" + part(run_lines(view), each, "no run is open") + "\n" +
         part(records_of(view.workers, worker_line), each, "no worker runs; start lethe-worker") +
         "\n" + part(records_of(view.targets, target_line), each, "there is no target");
}

Record top_record(const FleetView& view) {
  return {{"workers", nested(records_of(view.workers, worker_line))},
          {"runs", nested(run_lines(view))},
          {"targets", nested(records_of(view.targets, target_line))}};
}

}  // namespace lethe::cli
