#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace lethe {

/// Turns SIGTERM and SIGINT into stop tokens. Construct it before any other thread exists: it
/// blocks both signals here and every later thread inherits that. Ignores SIGPIPE, as libpq asks.
class ShutdownSignal {
 public:
  ShutdownSignal();

  /// Requested by the first signal: finish what is in hand, take nothing new.
  [[nodiscard]] std::stop_token drain() const { return drain_.get_token(); }
  /// Requested by the second signal: give up what is in hand.
  [[nodiscard]] std::stop_token cancel() const { return cancel_.get_token(); }

 private:
  sigset_t signals_{};
  std::stop_source drain_;
  std::stop_source cancel_;
  std::jthread waiter_;  // last, so that it stops before what it uses is destroyed
};

}  // namespace lethe
