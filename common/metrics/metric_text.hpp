#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lethe {

/// Names and values; the values come from closed sets, or from names that a limit bounds.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

struct MetricSample {
  MetricLabels labels{};
  double value = 0;
  std::string suffix{};  ///< of the family's name: "_bucket", "_sum", "_count"; "" for most
};

enum class MetricKind { gauge, counter, histogram };

/// All samples of one name.
struct MetricFamily {
  std::string name;  ///< lethe_noun_unit, counters with _total
  std::string help;  ///< one sentence
  MetricKind kind = MetricKind::gauge;
  std::vector<MetricSample> samples{};  ///< none: the family is left out
};
using MetricFamilies = std::vector<MetricFamily>;

/// A gauge without labels.
[[nodiscard]] MetricFamily gauge(std::string name, std::string help, double value);

/// The families in Prometheus's text format, version 0.0.4. Pure.
[[nodiscard]] std::string to_prometheus_text(const MetricFamilies& families);

}  // namespace lethe
