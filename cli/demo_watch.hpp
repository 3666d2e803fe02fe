#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/progress.hpp"
#include "cli/services.hpp"

namespace lethe::cli {

/// Shows the progress of several things at once: on a terminal one line for each, redrawn in place,
/// elsewhere as ProgressDrawer does, each line with a name in front. Thread safety: none.
class ProgressBoard {
 public:
  /// `out` and `clock` are borrowed. `names` is not empty.
  ProgressBoard(std::ostream& out, Clock& clock, ProgressDrawer::Style style,
                std::vector<std::string> names);

  /// One for each name, in their order.
  void draw(const std::vector<Progress>& progress);

 private:
  void draw_line(std::size_t line, const Progress& progress);

  std::ostream& out_;
  bool is_terminal_ = false;
  bool has_lines_ = false;  // on a terminal: the lines exist and the cursor is below them
  std::vector<std::string> names_;
  std::vector<ProgressDrawer> drawers_;  // one per name
};

/// Follows the runs of policies until each has ended, and returns them as they are then, in the
/// order of `ids`. Between two looks `pause` is called, which waits and throws to give up.
[[nodiscard]] std::vector<RunRow> watch_runs(Services& services,
                                             const std::vector<std::string>& ids,
                                             const std::function<void()>& pause);

}  // namespace lethe::cli
