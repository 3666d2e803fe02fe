#include "cli/parsed.hpp"

#include "common/policies/policy_parser.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe::cli {

std::string parse_lane(const std::string& text) {
  if (is_name(text)) return text;
  throw std::invalid_argument(
      fmt::format("{} is no name of a lane; use a-z, 0-9, '_', '-' and '.', at most 63 of them, "
                  "and begin with a letter or digit",
                  shown(text)));
}

}  // namespace lethe::cli
