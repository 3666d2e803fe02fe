#include "common/shutdown_signal.hpp"

#include <ctime>

#include "common/logging.hpp"

namespace lethe {

ShutdownSignal::ShutdownSignal() {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  waiter_ = std::jthread([this](const std::stop_token& destroyed) {
    const timespec poll_interval{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!destroyed.stop_requested()) {
      const int signal = sigtimedwait(&signals_, nullptr, &poll_interval);
      if (signal < 0) continue;  // timed out, or interrupted: look again
      const bool second = drain_.stop_requested();
      log_event(LogLevel::info, second ? "cancel_requested" : "drain_requested",
                {{"signal", signal}});
      if (second) cancel_.request_stop();
      drain_.request_stop();
    }
  });
}

}  // namespace lethe
