#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "proto/control_messages.hpp"

namespace lethe::scheduler {

/// The workers that talk to this scheduler, as their beats have them, and whom to wake. Knows
/// nothing that anybody relies on: whoever is missing here asks the queue by itself. Holds at most
/// so many connections. Pure; time is given. Thread safety: none.
class Roster {
 public:
  static constexpr std::size_t connections_max = 10'000;
  static constexpr std::chrono::seconds silence{20};  ///< then a worker is not counted on any more

  /// Whether a message of this connection may be read: not more than so many a second.
  [[nodiscard]] bool may_speak(const std::string& route, Clock::time_point now);

  /// What a beat changed.
  struct Heard {
    bool is_news = false;      ///< newer than any beat of that worker before
    bool has_changed = false;  ///< in what a WorkerEvent tells, or not told for a while
    bool should_wake = false;  ///< it has a free slot, and nobody was left to wake a moment ago
  };
  Heard heard(const std::string& route, const wire::Envelope& envelope, const wire::Beat& beat,
              Clock::time_point now);

  /// The connections to wake for `tasks` ready tasks of `target` ("": not known): those with a free
  /// slot that work for it, who was not woken for the longest time first; a few more than needed,
  /// because not every worker serves every lane.
  [[nodiscard]] std::vector<std::string> to_wake(const std::string& target, std::uint64_t tasks,
                                                 Clock::time_point now);

  /// The connections of a worker, or of each with 0.
  [[nodiscard]] std::vector<std::string> of_worker(std::uint64_t worker) const;

  /// The connection is gone.
  void forget(const std::string& route) { lines_.erase(route); }
  void clear() { lines_.clear(); }
  /// Forgets who was silent for too long; the last beat of each, with the phase "silent".
  [[nodiscard]] std::vector<wire::WorkerEvent> forget_silent(Clock::time_point now);

  [[nodiscard]] std::size_t size() const { return lines_.size(); }

 private:
  struct Line {
    Clock::time_point heard_at;
    Clock::time_point woken_at{};
    Clock::time_point told_at{};
    double allowance = 0;  ///< messages that may still come at once
    std::uint64_t sequence = 0;
    wire::Beat beat;  ///< the last one, without its progress
  };
  /// Tasks that nobody was free for.
  struct Unserved {
    std::string target{};
    Clock::time_point since{};
  };

  [[nodiscard]] Line* line(const std::string& route, Clock::time_point now);

  std::map<std::string, Line> lines_;  ///< by route
  std::optional<Unserved> unserved_;
};

/// What subscribers are told of a beat. Pure.
[[nodiscard]] wire::WorkerEvent event_of(const wire::Beat& beat);

}  // namespace lethe::scheduler
