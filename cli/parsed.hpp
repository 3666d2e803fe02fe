#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "common/user_error.hpp"

namespace lethe::cli {

/// The result of a parser that throws std::invalid_argument, as a usage error of `flag`.
template <class Parser>
[[nodiscard]] auto parsed(const char* flag, const std::string& text, const Parser& parser)
    -> decltype(parser(text)) {
  try {
    return parser(text);
  } catch (const std::invalid_argument& error) {
    throw UserError(ExitCode::usage, fmt::format("{}: {}", flag, error.what()));
  }
}

/// Checks that `text` is the name of a lane. Throws std::invalid_argument with a cure.
[[nodiscard]] std::string parse_lane(const std::string& text);

}  // namespace lethe::cli
