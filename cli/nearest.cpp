#include "cli/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "cli/text.hpp"

namespace lethe::cli {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string nearest(const std::string& wrong, const std::vector<std::string>& names) {
  std::string best;
  std::size_t best_distance = std::string::npos;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(wrong, name);
    const bool is_near = distance <= std::max(wrong.size(), name.size()) / 2;
    if (!is_near || distance >= best_distance) continue;
    best = name;
    best_distance = distance;
  }
  return best;
}

UserError not_found(const std::string& kind, const std::string& name,
                    const std::vector<std::string>& names, const std::string& list_command) {
  const std::string near = nearest(name, names);
  const std::string cure =
      near.empty() ? fmt::format("see {}", list_command) : fmt::format("did you mean '{}'?", near);
  return {ExitCode::not_found, fmt::format("no {} '{}'; {}", kind, one_line(name), cure)};
}

}  // namespace lethe::cli
