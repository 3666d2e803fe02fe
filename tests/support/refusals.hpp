#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {

/// Stands in URLs that a command must refuse; no message may repeat it.
inline constexpr const char* secret = "Tr0ub4dor";

/// A policy file with one line of a good policy replaced, or a line added.
[[nodiscard]] std::string with(const std::string& line);

/// Everything of the control database and of the cleaned table that a refused command must leave
/// as it was.
[[nodiscard]] std::string contents(Fleet& fleet);

/// Checks that a program said one line, with all of `says` in it and its own name in front, and
/// nothing else.
void check_refused(const CommandResult& result, const std::string& program, int exit_code,
                   const std::vector<std::string>& says);

/// A fleet without daemons: a target, its table and one policy "old".
class QuietFleet : public Fleet {
 public:
  QuietFleet();
};

}  // namespace lethe::test
