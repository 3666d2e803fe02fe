#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/clock.hpp"
#include "common/schedule/schedule.hpp"

namespace lethe {

/// What the control database's clock shows, and showed when anybody looked last.
struct ClockLook {
  Instant now;
  std::optional<Instant> seen;  ///< nothing: nobody has looked yet
};

/// What one process lived through since it looked itself.
struct LivedThrough {
  Instant before;                     ///< what the clock showed then
  std::chrono::milliseconds most{0};  ///< no more time has passed since
};

/// From when on a clock's advance is no accident.
struct ClockLimits {
  std::chrono::seconds jump{300};          ///< more than the time that a process lived through
  std::chrono::seconds gap{36 * 60 * 60};  ///< in which no process looked
};

/// Why everything must be frozen: the control database's clock went ahead further than time did, or
/// so far while nobody looked that nobody can tell. "" when nothing speaks for it. A clock that
/// goes back deletes nothing early. Pure.
[[nodiscard]] std::string clock_jump(const ClockLook& look,
                                     const std::optional<LivedThrough>& lived,
                                     const ClockLimits& limits);

/// PORT: the control database's clock, watched by all processes together. Thread safety: none; one
/// per thread. Errors: StoreError.
class ClockStore {
 public:
  virtual ~ClockStore() = default;
  virtual ClockLook look() = 0;
  /// Remembers what it showed, unless somebody else looked meanwhile.
  virtual void saw(const ClockLook& look) = 0;
  /// Freezes everything; a freeze that is there already stays.
  virtual void freeze(const std::string& reason) = 0;
};

/// One process that watches the control database's clock. docs/freezes.md. Thread safety: none.
class ClockWatch {
 public:
  /// Both are borrowed and must outlive the watch.
  ClockWatch(const ClockLimits& limits, const Clock& clock, ClockStore& store)
      : limits_(limits), clock_(clock), store_(store) {}

  /// Looks once. Errors: StoreError; then what was lived through still counts at the next look.
  void run_once();

 private:
  struct Look {
    Instant shown;
    Clock::time_point asked;  ///< by since_boot()
  };

  const ClockLimits limits_;
  const Clock& clock_;
  ClockStore& store_;
  std::optional<Look> last_;
};

}  // namespace lethe
