#include "common/service/service_notifier.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>

namespace lethe::service {

namespace {

using std::chrono::milliseconds;

constexpr int pings_per_limit = 3;
constexpr milliseconds interval_min{10};

bool somebody_listens() {
  return std::getenv("NOTIFY_SOCKET") != nullptr;  // NOLINT(concurrency-mt-unsafe): nobody sets it
}

}  // namespace

std::string status_line(const Supervision::Report& report) {
  std::string line = to_string(report.phase);
  std::set<std::string> told;
  for (const LoopState& loop : report.loops) {
    const LoopVerdict verdict = judge(loop, report.at);
    const bool fails_at_first = verdict == LoopVerdict::fresh && !loop.problem.empty();
    if (verdict != LoopVerdict::failing && verdict != LoopVerdict::stuck && !fails_at_first)
      continue;
    if (told.insert(loop.name).second) line += "; " + loop.name + " " + to_string(verdict);
  }
  return line;
}

ServiceNotifier::ServiceNotifier(const Supervision& supervision, Clock& clock)
    : supervision_(supervision), clock_(clock) {
  if (!somebody_listens()) return;
  std::uint64_t limit_us = 0;
  watched_ = sd_watchdog_enabled(0, &limit_us) > 0;
  if (watched_) {
    const auto ping = std::chrono::duration_cast<milliseconds>(
        std::chrono::microseconds(limit_us / pings_per_limit));
    interval_ = std::clamp(ping, interval_min, interval_);
  }
  thread_ = std::jthread([this](const std::stop_token& stop) {
    do run_once();
    while (clock_.wait_for(interval_, stop));
    run_once();  // the last word: it is stopping
  });
}

void ServiceNotifier::run_once() {
  const auto report = supervision_.report();
  std::string message;
  if (!said_ready_ && report.is_ready()) {
    message += "READY=1\n";
    said_ready_ = true;
  }
  if (report.phase == Phase::stopping) message += "STOPPING=1\n";
  if (watched_ && report.is_live()) message += "WATCHDOG=1\n";
  std::string status = status_line(report);
  if (status != said_status_) {
    message += "STATUS=" + status + '\n';
    said_status_ = std::move(status);
  }
  if (!message.empty()) sd_notify(0, message.c_str());
}

}  // namespace lethe::service
