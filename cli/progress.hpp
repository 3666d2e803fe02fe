#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <ostream>
#include <string>

#include "common/clock.hpp"

namespace lethe::cli {

/// What one line of progress says.
struct Progress {
  std::string state{};  ///< of the run
  std::int64_t rows = 0;
  std::optional<std::int64_t> estimated_rows{};  ///< nothing: no share of the whole can be told
  std::optional<std::int64_t> rows_per_second{};
  std::int32_t passes = 0;  ///< finished rounds
  std::chrono::milliseconds elapsed{0};
};

/// The line, at most `columns` wide. Pure.
[[nodiscard]] std::string progress_line(const Progress& progress, int columns);

/// Rows per second over the last few seconds.
class RateMeter {
 public:
  void add(Clock::time_point at, std::int64_t rows);
  /// Nothing until at least half a second was seen.
  [[nodiscard]] std::optional<std::int64_t> rows_per_second() const;

 private:
  struct Sample {
    Clock::time_point at;
    std::int64_t rows = 0;
  };
  std::deque<Sample> samples_;  // oldest first, at most samples_max
};

/// Shows progress: on a terminal one line that is redrawn in place, elsewhere a line when the state
/// changes and every few seconds. Thread safety: none.
class ProgressDrawer {
 public:
  struct Style {
    bool is_terminal = false;
    bool is_silent = false;  ///< show nothing at all
    int columns = 80;
  };

  /// `out` and `clock` are borrowed.
  ProgressDrawer(std::ostream& out, Clock& clock, Style style)
      : out_(out), clock_(clock), style_(style) {}

  void draw(const Progress& progress);
  /// Takes the line away, so that the next output starts at the left.
  void clear();

 private:
  std::ostream& out_;
  Clock& clock_;
  Style style_;
  std::string last_state_;
  std::optional<Clock::time_point> last_drawn_;
};

}  // namespace lethe::cli
