#pragma once

#include <string>

#include "common/supervision/supervision.hpp"

namespace lethe {

/// Whether a process is alive, for people and probes: one line per loop, and why. Pure.
[[nodiscard]] std::string liveness_text(const Supervision::Report& report);

/// Whether it may be asked to work; likewise, with a line for its phase. Pure.
[[nodiscard]] std::string readiness_text(const Supervision::Report& report);

}  // namespace lethe
