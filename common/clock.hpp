#pragma once

#include <chrono>
#include <stop_token>

namespace lethe {

/// Time and waiting for one process. Tests give their own.
///
/// Whatever two processes must agree on (due times, lease ends, cutoffs) is computed by the
/// database's clock_timestamp(); see docs/adr/0002-database-owns-time.md. This clock only measures
/// durations, and gives up early.
class Clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  [[nodiscard]] virtual time_point now() const = 0;

  /// As now(), but goes on while the machine sleeps; the two are not to be compared.
  [[nodiscard]] virtual time_point since_boot() const { return now(); }

  /// Milliseconds since 1970, for the time part of new ids and for log lines. Never for a decision.
  [[nodiscard]] virtual std::chrono::milliseconds unix_time() const = 0;

  /// Waits for `duration` or until `stop` is requested. Returns false when stopped.
  virtual bool wait_for(std::chrono::milliseconds duration, const std::stop_token& stop) = 0;
};

/// The machine's clocks. Safe to share between threads.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] time_point since_boot() const override;
  [[nodiscard]] std::chrono::milliseconds unix_time() const override;
  bool wait_for(std::chrono::milliseconds duration, const std::stop_token& stop) override;
};

}  // namespace lethe
