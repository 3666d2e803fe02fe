#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cli/services.hpp"
#include "proto/control_messages.hpp"

namespace lethe::cli {

/// The events of the fleet, from one of the schedulers that publish them; found anew when it is
/// silent for long. Thread safety: none.
class EventFeed {
 public:
  /// `key_file`: the reader's key, "" for none. `topic` is the beginning of what is wanted.
  EventFeed(Services& services, std::string key_file, std::string topic)
      : services_(services), key_file_(std::move(key_file)), topic_(std::move(topic)) {}

  /// Finds a scheduler and subscribes anew. False when none publishes events that can be had with
  /// this key.
  [[nodiscard]] bool connect();

  /// What has come, after at most `duration`; empty when nothing did. Throws BusError.
  [[nodiscard]] std::vector<wire::Envelope> receive(std::chrono::milliseconds duration);

 private:
  Services& services_;
  const std::string key_file_;
  const std::string topic_;
  std::unique_ptr<EventSource> source_;
  Clock::time_point heard_at_{};
};

/// An event as one line of JSON: at, event, and its own fields (proto/PROTOCOL.md). Pure.
[[nodiscard]] std::string event_line(const wire::Envelope& envelope);

}  // namespace lethe::cli
