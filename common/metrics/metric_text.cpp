#include "common/metrics/metric_text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace lethe {

namespace {

const char* to_string(MetricKind kind) {
  switch (kind) {
    case MetricKind::gauge: return "gauge";
    case MetricKind::counter: return "counter";
    case MetricKind::histogram: return "histogram";
  }
  return "untyped";
}

void append_escaped(std::string& text, std::string_view value, bool quotes) {
  for (const char c : value) {
    if (c == '\\') {
      text += "\\\\";
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '"' && quotes) {
      text += "\\\"";
    } else {
      text += c;
    }
  }
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void append(std::string& text, const std::string& name, const MetricSample& sample) {
  text += name + sample.suffix;
  char separator = '{';
  for (const auto& [label, value] : sample.labels) {
    text += separator + label + "=\"";
    append_escaped(text, value, true);
    text += '"';
    separator = ',';
  }
  if (!sample.labels.empty()) text += '}';
  text += ' ' + number_text(sample.value) + '\n';
}

}  // namespace

MetricFamily gauge(std::string name, std::string help, double value) {
  return {.name = std::move(name),
          .help = std::move(help),
          .kind = MetricKind::gauge,
          .samples = {{.value = value}}};
}

std::string to_prometheus_text(const MetricFamilies& families) {
  std::string text;
  for (const MetricFamily& family : families) {
    if (family.samples.empty()) continue;
    text += "# HELP " + family.name + ' ';
    append_escaped(text, family.help, false);
    text += "\n# TYPE " + family.name + ' ' + to_string(family.kind) + '\n';
    for (const MetricSample& sample : family.samples) append(text, family.name, sample);
  }
  return text;
}

}  // namespace lethe
