#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "common/clock.hpp"
#include "common/supervision/supervision.hpp"

namespace lethe::service {

/// Tells the service manager (systemd, or whoever set NOTIFY_SOCKET; sd_notify(3)) how this process
/// is: READY=1 when it is ready for the first time, STOPPING=1 when it ends, STATUS= with what is
/// wrong, and WATCHDOG=1 as long as no loop is stuck and the manager asked for it (WatchdogSec=),
/// so that it restarts a process that hangs. A control database that is away is no reason to
/// restart.
///
/// Has a thread of its own, and none when nobody listens. Only this directory links libsystemd.
class ServiceNotifier {
 public:
  /// Both are borrowed and must outlive the notifier.
  ServiceNotifier(const Supervision& supervision, Clock& clock);
  ServiceNotifier(const ServiceNotifier&) = delete;
  ServiceNotifier& operator=(const ServiceNotifier&) = delete;

  /// One message. Lost when nobody listens.
  void run_once();

 private:
  const Supervision& supervision_;
  Clock& clock_;
  bool watched_ = false;                       // the manager wants to hear WATCHDOG=1
  std::chrono::milliseconds interval_{1'000};  // between two messages
  bool said_ready_ = false;                    // used by the thread only, as the next
  std::string said_status_;
  std::jthread thread_;  // last, so that it ends before what it uses is destroyed
};

/// One line on how a process is: its phase, and every loop that is late or has only failed yet.
/// Pure.
[[nodiscard]] std::string status_line(const Supervision::Report& report);

}  // namespace lethe::service
