#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/config/settings.hpp"
#include "common/http/http_server.hpp"
#include "common/metrics/metric_text.hpp"
#include "common/supervision/supervision.hpp"

namespace lethe::http {

/// What a daemon shows of itself.
struct StatusSources {
  std::string program;
  std::string version;
  const Supervision& supervision;
  /// Its own metrics, without those that every daemon has; waits for nothing.
  std::function<MetricFamilies()> metrics;
};

/// The page of a path: /livez, /readyz (503 when the answer is no) and /metrics; 404 for others.
[[nodiscard]] Response status_page(const StatusSources& sources, const std::string& path);

/// The pages on the address of the settings http_address and http_port, as long as the object
/// lives; nothing when the port is 0. `sources` are borrowed and must outlive it. Errors: as
/// Server's.
class StatusServer {
 public:
  StatusServer(const Settings& settings, StatusSources sources);

 private:
  const StatusSources sources_;
  std::optional<Server> server_;
};

}  // namespace lethe::http
