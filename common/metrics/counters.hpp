#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/metrics/metric_text.hpp"

namespace lethe {

/// Counts by the values of one label. Safe from any thread. What comes after `values_max` different
/// values is counted under "(other)", so that no name that somebody makes up lets it grow.
class LabelledCounter {
 public:
  /// `initial` are there with zero from the beginning, so that the first event shows as a rise.
  LabelledCounter(std::string label, std::size_t values_max,
                  const std::vector<std::string>& initial = {});

  void add(const std::string& value, double amount = 1);
  [[nodiscard]] MetricFamily family(std::string name, std::string help) const;

 private:
  const std::string label_;
  const std::size_t values_max_;
  mutable std::mutex mutex_;
  std::map<std::string, double> counts_;  // guarded by mutex_
};

/// How long things took, in buckets. Safe from any thread.
class Histogram {
 public:
  /// `bounds`: upper ends of the buckets in seconds, ascending; an infinite one follows.
  explicit Histogram(std::vector<double> bounds);

  /// `seconds` >= 0.
  void observe(double seconds);
  [[nodiscard]] MetricFamily family(std::string name, std::string help) const;

 private:
  const std::vector<double> bounds_;
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::vector<std::uint64_t> counts_;  // per bucket, not cumulative; the last one is the infinite
  double sum_ = 0;
};

}  // namespace lethe
