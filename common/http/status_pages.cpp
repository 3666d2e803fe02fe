#include "common/http/status_pages.hpp"

#include <utility>

#include "common/logging.hpp"
#include "common/metrics/process_metrics.hpp"
#include "common/supervision/report_text.hpp"

namespace lethe::http {

namespace {

constexpr int unfit = 503;
constexpr int unknown = 404;

}  // namespace

Response status_page(const StatusSources& sources, const std::string& path) {
  const auto report = sources.supervision.report();
  if (path == "/livez")
    return {.status = report.is_live() ? 200 : unfit, .body = liveness_text(report)};
  if (path == "/readyz")
    return {.status = report.is_ready() ? 200 : unfit, .body = readiness_text(report)};
  if (path != "/metrics")
    return {.status = unknown, .body = "here are /livez, /readyz and /metrics\n"};
  MetricFamilies families = process_metrics(sources.program, sources.version, report);
  for (MetricFamily& family : sources.metrics()) families.push_back(std::move(family));
  return {.status = 200,
          .content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = to_prometheus_text(families)};
}

StatusServer::StatusServer(const Settings& settings, StatusSources sources)
    : sources_(std::move(sources)) {
  const Endpoint endpoint{.address = settings.text("http_address"),
                          .port = static_cast<std::uint16_t>(settings.number("http_port"))};
  if (endpoint.port == 0) return;
  server_.emplace(endpoint,
                  [this](const std::string& path) { return status_page(sources_, path); });
  log_event(LogLevel::info, "http_listening",
            {{"address", endpoint.address}, {"port", server_->port()}});
}

}  // namespace lethe::http
