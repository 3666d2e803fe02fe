#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.hpp"

namespace lethe::cli {
namespace {

constexpr int bar_width = 20;
constexpr int columns_for_bar = 90;
constexpr std::size_t samples_max = 64;
constexpr std::chrono::seconds rate_window{5};
constexpr std::chrono::milliseconds rate_span_min{500};
constexpr std::chrono::seconds plain_line_interval{5};

/// 0..99: a run is whole only when it is satisfied, whatever was estimated.
int percent_of(std::int64_t rows, std::int64_t estimated_rows) {
  if (estimated_rows <= 0) return 0;
  const double share = static_cast<double>(rows) / static_cast<double>(estimated_rows);
  return static_cast<int>(std::clamp(share * 100, 0.0, 99.0));
}

std::string bar(int percent) {
  const int filled = percent * bar_width / 100;
  return fmt::format("[{}{}] ", std::string(static_cast<std::size_t>(filled), '#'),
                     std::string(static_cast<std::size_t>(bar_width - filled), '.'));
}

std::string remaining_text(const Progress& progress) {
  const std::int64_t rate = progress.rows_per_second.value_or(0);
  const std::int64_t left = progress.estimated_rows.value_or(0) - progress.rows;
  if (rate <= 0 || left <= 0) return "";
  return fmt::format("  {} left", duration_text(std::chrono::seconds(left / rate + 1)));
}

/// Cuts after `width` code points.
std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::size_t end = text.size();
  while (end > 0 && display_width(std::string_view(text).substr(0, end)) > width) --end;
  return text.substr(0, end);
}

}  // namespace

std::string progress_line(const Progress& progress, int columns) {
  std::string line = fmt::format("{:<9}  ", progress.state);
  if (progress.estimated_rows) {
    const int percent = percent_of(progress.rows, *progress.estimated_rows);
    if (columns >= columns_for_bar) line += bar(percent);
    line += fmt::format("{:>2}%  {} of about {}", percent, grouped(progress.rows),
                        counted(*progress.estimated_rows, "row", "rows"));
  } else {
    line += counted(progress.rows, "row", "rows");
  }
  if (progress.rows_per_second)
    line += fmt::format("  {}/s", counted(*progress.rows_per_second, "row", "rows"));
  line += "  " + duration_text(progress.elapsed);
  line += remaining_text(progress);
  if (progress.passes > 0) line += fmt::format("  pass {}", progress.passes + 1);
  return cut(one_line(line), static_cast<std::size_t>(std::max(columns, 1)));
}

void RateMeter::add(Clock::time_point at, std::int64_t rows) {
  samples_.push_back({at, rows});
  const auto is_too_old = [&] { return at - samples_.front().at > rate_window; };
  while (samples_.size() > samples_max || (samples_.size() > 2 && is_too_old()))
    samples_.pop_front();
}

std::optional<std::int64_t> RateMeter::rows_per_second() const {
  if (samples_.empty()) return std::nullopt;
  const auto span = std::chrono::duration_cast<std::chrono::milliseconds>(samples_.back().at -
                                                                          samples_.front().at);
  if (span < rate_span_min) return std::nullopt;
  const std::int64_t rows = samples_.back().rows - samples_.front().rows;
  return std::max<std::int64_t>(rows * 1000 / span.count(), 0);
}

void ProgressDrawer::draw(const Progress& progress) {
  if (style_.is_silent) return;
  const auto now = clock_.now();
  const bool is_new_state = progress.state != last_state_;
  last_state_ = progress.state;
  if (style_.is_terminal) {
    // One column is left free: some terminals wrap when the last one is written.
    out_ << "\r" << progress_line(progress, style_.columns - 1) << "\x1b[K" << std::flush;
    last_drawn_ = now;
  } else if (is_new_state || !last_drawn_ || now - *last_drawn_ >= plain_line_interval) {
    out_ << progress_line(progress, style_.columns) << std::endl;
    last_drawn_ = now;
  }
}

void ProgressDrawer::clear() {
  if (style_.is_terminal && last_drawn_) out_ << "\r\x1b[K" << std::flush;
}

}  // namespace lethe::cli
