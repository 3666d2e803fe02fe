#pragma once

#include <string>

#include "common/clock.hpp"
#include "common/random.hpp"

namespace lethe {

/// A new ULID: 26 characters of Crockford base 32, 48 bits of milliseconds and 80 random bits, so
/// that ids sort roughly by the time they were made. Source: github.com/ulid/spec.
[[nodiscard]] std::string new_ulid(const Clock& clock, Random& random);

/// Makes the ids of new runs and tasks. One per thread.
class IdMaker {
 public:
  /// Both are borrowed and must outlive the maker.
  IdMaker(const Clock& clock, Random& random) : clock_(clock), random_(random) {}
  [[nodiscard]] std::string next() { return new_ulid(clock_, random_); }

 private:
  const Clock& clock_;
  Random& random_;
};

}  // namespace lethe
