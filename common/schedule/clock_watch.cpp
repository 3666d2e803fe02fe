#include "common/schedule/clock_watch.hpp"

#include <fmt/format.h>

#include "common/logging.hpp"

namespace lethe {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// Looks that follow each other faster are not written down.
constexpr std::chrono::seconds written_every{1};

constexpr const char* cure =
    "nothing is deleted until a person has looked at the clocks, then: lethe clock acknowledge";

std::string duration(milliseconds time) {
  const auto minutes = duration_cast<std::chrono::minutes>(time).count();
  return minutes < 120 ? fmt::format("{} min", minutes) : fmt::format("{} h", minutes / 60);
}

}  // namespace

std::string clock_jump(const ClockLook& look, const std::optional<LivedThrough>& lived,
                       const ClockLimits& limits) {
  if (lived) {
    const auto shown = duration_cast<milliseconds>(look.now - lived->before);
    if (shown <= lived->most + limits.jump) return "";
    return fmt::format(
        "the control database's clock went {} ahead while {} passed, to {}: it jumped; {}",
        duration(shown), duration(lived->most), to_iso8601(look.now), cure);
  }
  if (!look.seen || look.now - *look.seen <= limits.gap) return "";
  const auto gap = duration_cast<milliseconds>(look.now - *look.seen);
  return fmt::format(
      "nobody looked at the control database's clock from {} to {}: either the fleet was off for "
      "{} "
      "or a clock jumped; {}",
      to_iso8601(*look.seen), to_iso8601(look.now), duration(gap), cure);
}

void ClockWatch::run_once() {
  const auto asked = clock_.since_boot();
  const ClockLook look = store_.look();
  std::optional<LivedThrough> lived;
  if (last_)
    lived =
        LivedThrough{.before = last_->shown,
                     .most = std::chrono::ceil<milliseconds>(clock_.since_boot() - last_->asked)};
  const std::string jump = clock_jump(look, lived, limits_);
  if (!jump.empty()) {
    store_.freeze(jump);
    log_event(LogLevel::error, "clock_frozen", {{"reason", jump}});
  } else if (!look.seen || look.now < *look.seen || look.now - *look.seen >= written_every) {
    store_.saw(look);
  }
  last_ = Look{.shown = look.now, .asked = asked};
}

}  // namespace lethe
