#include "cli/demo_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "cli/lookup.hpp"
#include "cli/run_watch.hpp"

namespace lethe::cli {
namespace {

std::vector<RunRow> find_runs(Stores& stores, const std::vector<std::string>& ids) {
  std::vector<RunRow> runs;
  runs.reserve(ids.size());
  for (const std::string& id : ids) runs.push_back(find_run(stores, id));
  return runs;
}

/// An ended run is measured over its whole length, and no share of an estimate is of interest.
Progress shown(const RunRow& run, const RateMeter& rate) {
  Progress progress = progress_of(run, rate);
  if (!has_ended(run)) return progress;
  progress.estimated_rows.reset();
  progress.rows_per_second.reset();
  if (run.elapsed_ms > 0) progress.rows_per_second = run.rows * 1000 / run.elapsed_ms;
  progress.passes = 0;
  return progress;
}

}  // namespace

ProgressBoard::ProgressBoard(std::ostream& out, Clock& clock, ProgressDrawer::Style style,
                             std::vector<std::string> names)
    : out_(out),
      is_terminal_(style.is_terminal && !style.is_silent),
      names_(std::move(names)),
      drawers_(names_.size(), ProgressDrawer(out, clock, style)) {
  assert(!names_.empty());
  std::size_t width = 0;
  for (const std::string& name : names_) width = std::max(width, name.size());
  for (std::string& name : names_) name.resize(width, ' ');
}

void ProgressBoard::draw_line(std::size_t line, const Progress& progress) {
  Progress named = progress;
  named.state = fmt::format("{}  {:<9}", names_[line], progress.state);
  if (!is_terminal_) return drawers_[line].draw(named);
  const std::size_t up = names_.size() - line;
  out_ << fmt::format("\x1b[{}A", up);
  drawers_[line].draw(named);
  out_ << fmt::format("\x1b[{}B\r", up) << std::flush;
}

void ProgressBoard::draw(const std::vector<Progress>& progress) {
  assert(progress.size() == names_.size());
  if (is_terminal_ && !has_lines_) out_ << std::string(names_.size(), '\n');
  has_lines_ = true;
  for (std::size_t line = 0; line < progress.size(); ++line) draw_line(line, progress[line]);
}

std::vector<RunRow> watch_runs(Services& services, const std::vector<std::string>& ids,
                               const std::function<void()>& pause) {
  Environment& environment = services.environment();
  std::vector<RunRow> runs = find_runs(services.stores(), ids);
  std::vector<std::string> names;
  names.reserve(runs.size());
  for (const RunRow& run : runs) names.push_back(run.policy);
  ProgressBoard board(environment.err, environment.clock,
                      progress_style(environment.terminal, services.output().is_json()), names);
  std::vector<RateMeter> rates(runs.size());
  for (;;) {
    std::vector<Progress> progress;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      rates[i].add(environment.clock.now(), runs[i].rows);
      progress.push_back(shown(runs[i], rates[i]));
    }
    board.draw(progress);
    if (std::all_of(runs.begin(), runs.end(), has_ended)) return runs;
    pause();
    runs = find_runs(services.stores(), ids);
  }
}

}  // namespace lethe::cli
