#include "common/tasks/vacuum_progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>

namespace lethe {

void VacuumProgress::tried(std::uint32_t relation, bool done) {
  last = std::max(last, relation);
  std::erase(left, relation);
  if (!done) left.insert(std::upper_bound(left.begin(), left.end(), relation), relation);
}

bool VacuumProgress::is_through(const std::vector<std::uint32_t>& relations) const {
  return relations.empty() || relations.back() <= last;
}

std::vector<std::uint32_t> VacuumProgress::next_of(
    const std::vector<std::uint32_t>& relations) const {
  std::vector<std::uint32_t> next;
  const bool again = is_through(relations);
  std::copy_if(
      relations.begin(), relations.end(), std::back_inserter(next), [&](std::uint32_t relation) {
        return again ? std::binary_search(left.begin(), left.end(), relation) : relation > last;
      });
  return next;
}

std::string to_text(const VacuumProgress& progress) {
  return progress.left.empty() ? std::to_string(progress.last)
                               : fmt::format("{} {}", progress.last, fmt::join(progress.left, " "));
}

VacuumProgress to_vacuum_progress(const std::string& text) {
  VacuumProgress progress;
  std::istringstream words(text);
  words >> progress.last;
  std::copy(std::istream_iterator<std::uint32_t>(words), {}, std::back_inserter(progress.left));
  std::sort(progress.left.begin(), progress.left.end());
  return progress;
}

}  // namespace lethe
