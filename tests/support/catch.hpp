#pragma once

// Catch2 3 (Debian 13) and 2 (Debian 12).
#include <string>
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

namespace lethe::test {

/// Matches text that has `part` in it, for CHECK_THAT and CHECK_THROWS_WITH.
inline auto contains(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

}  // namespace lethe::test
