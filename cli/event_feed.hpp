#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/services.hpp"
#include "proto/control_messages.hpp"

namespace lethe::cli {

/// The events of the fleet, from one of the schedulers that publish them; found anew when it is
/// silent for long. Thread safety: none.
class EventFeed {
 public:
  struct Options {
    std::string key_file;      ///< the reader's key; "": none
    std::string topic;         ///< the beginning of what is wanted
    bool allow_plain = false;  ///< also over tcp without keys
  };
  EventFeed(Services& services, Options options)
      : services_(services), options_(std::move(options)) {}

  /// Finds a scheduler and subscribes anew. False when none publishes events that can be had with
  /// this key. Throws StoreError, BusError.
  [[nodiscard]] bool connect();

  /// What has come, after at most `duration`; empty when nothing did. Throws BusError.
  [[nodiscard]] std::vector<wire::Envelope> receive(std::chrono::milliseconds duration);

 private:
  void look_again();
  [[nodiscard]] std::vector<wire::Envelope> take(EventSource& source,
                                                 std::chrono::milliseconds duration);

  Services& services_;
  const Options options_;
  SchedulerAddress address_;  ///< of the scheduler that is heard
  std::unique_ptr<EventSource> source_;
  std::unique_ptr<EventSource> previous_;  ///< of the same one, until `source_` has proved itself
  /// Events of `previous_` that `source_` may bring again, by number and time.
  std::set<std::pair<std::uint64_t, std::uint64_t>> twice_;
  Clock::time_point heard_at_{};
};

/// An event as one line of JSON: at, event, and its own fields (proto/PROTOCOL.md). Pure.
[[nodiscard]] std::string event_line(const wire::Envelope& envelope);

}  // namespace lethe::cli
