#include "common/metrics/counters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lethe {

LabelledCounter::LabelledCounter(std::string label, std::size_t values_max,
                                 const std::vector<std::string>& initial)
    : label_(std::move(label)), values_max_(values_max) {
  for (const std::string& value : initial) counts_[value] = 0;
}

void LabelledCounter::add(const std::string& value, double amount) {
  const std::lock_guard lock(mutex_);
  const bool fits = counts_.size() < values_max_ || counts_.count(value) > 0;
  counts_[fits ? value : "(other)"] += amount;
}

MetricFamily LabelledCounter::family(std::string name, std::string help) const {
  MetricFamily family{
      .name = std::move(name), .help = std::move(help), .kind = MetricKind::counter, .samples = {}};
  const std::lock_guard lock(mutex_);
  for (const auto& [value, count] : counts_)
    family.samples.push_back({.labels = {{label_, value}}, .value = count});
  return family;
}

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::observe(double seconds) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), seconds) - bounds_.begin();
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<std::size_t>(bucket)];
  sum_ += seconds;
}

MetricFamily Histogram::family(std::string name, std::string help) const {
  MetricFamily family{.name = std::move(name),
                      .help = std::move(help),
                      .kind = MetricKind::histogram,
                      .samples = {}};
  const std::lock_guard lock(mutex_);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    cumulative += counts_[i];
    const std::string bound = i < bounds_.size() ? fmt::format("{}", bounds_[i]) : "+Inf";
    family.samples.push_back(
        {.labels = {{"le", bound}}, .value = static_cast<double>(cumulative), .suffix = "_bucket"});
  }
  family.samples.push_back({.labels = {}, .value = sum_, .suffix = "_sum"});
  family.samples.push_back(
      {.labels = {}, .value = static_cast<double>(cumulative), .suffix = "_count"});
  return family;
}

}  // namespace lethe
