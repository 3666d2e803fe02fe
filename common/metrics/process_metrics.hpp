#pragma once

#include <string>

#include "common/metrics/metric_text.hpp"
#include "common/supervision/supervision.hpp"

namespace lethe {

/// What every daemon says of itself: its build, whether it is ready, how old the last success of
/// each loop is (the oldest where several share a name; none while it rests), and what Prometheus's
/// own libraries say of a process: memory, processor time, open files. Reads /proc/self.
[[nodiscard]] MetricFamilies process_metrics(const std::string& program, const std::string& version,
                                             const Supervision::Report& report);

}  // namespace lethe
