#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
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

  /// Tasks of more than this are counted as so many: enough to wake a whole fleet.
  static constexpr std::uint64_t tasks_max = 1'000;
  /// A worker is not woken again sooner after the last time: by what was heard through the
  /// database, which only those who may commit can tell, and by what workers say.
  static constexpr std::chrono::milliseconds pause_of_news{10};
  static constexpr std::chrono::milliseconds pause_of_workers{50};

  /// Whether a message of this connection may be read: not more than so many a second, so that a
  /// flood costs little.
  [[nodiscard]] bool may_speak(const std::string& route, Clock::time_point now);

  /// What a message that was read is. Each kind has an allowance of its own, so that a worker with
  /// much to tell is still known to live.
  enum class Kind { beat, other };
  [[nodiscard]] bool may_say(const std::string& route, Kind kind, Clock::time_point now);

  /// What a beat changed.
  struct Heard {
    bool is_news = false;      ///< newer than any beat of that worker before
    bool has_changed = false;  ///< in what a WorkerEvent tells, or not told for a while
    bool should_wake = false;  ///< it has a free slot, and tasks wait for somebody with one
  };
  Heard heard(const std::string& route, const wire::Envelope& envelope, const wire::Beat& beat,
              Clock::time_point now);

  /// Tasks that became ready (target, lane: "" is not known), as they were told of.
  struct Told {
    wire::Ready ready;
    std::chrono::milliseconds pause{};  ///< since a worker was woken last, until it is again
    Clock::time_point at{};
  };
  /// The connections to wake for ready tasks: those with a free slot that serve them, who was not
  /// woken for the longest time first; a few more than needed. Of an unknown lane at least one of
  /// each set of lanes that workers have. Where too few of these may be woken again yet, the tasks
  /// wait until one may (due()); where nobody is free they wait for a beat that says so (heard()),
  /// for two seconds.
  [[nodiscard]] std::vector<std::string> to_wake(const Told& told, Clock::time_point now);

  /// Tasks that waited until somebody may be woken again: to be given to to_wake() again.
  [[nodiscard]] std::vector<Told> due(Clock::time_point now);
  /// When the next of them are due; nothing when none wait.
  [[nodiscard]] std::optional<Clock::time_point> next_due() const;

  /// The connections of a worker, or of each with 0.
  [[nodiscard]] std::vector<std::string> of_worker(std::uint64_t worker) const;

  /// The connection is gone.
  void forget(const std::string& route) { lines_.erase(route); }
  /// All connections are gone; what waits for somebody with a free slot waits on.
  void clear() { lines_.clear(); }
  /// Forgets who was silent for too long; the last beat of each, with the phase "silent", unless
  /// the same worker is heard through another connection.
  [[nodiscard]] std::vector<wire::WorkerEvent> forget_silent(Clock::time_point now);

  [[nodiscard]] std::size_t size() const { return lines_.size(); }

 private:
  /// How many messages may still come at once.
  struct Allowance {
    double left = std::numeric_limits<double>::max();  // as much as there may be
    Clock::time_point filled_at{};
    [[nodiscard]] bool spend(double per_second, double at_once, Clock::time_point now);
  };
  struct Line {
    Clock::time_point heard_at;
    Clock::time_point woken_at = Clock::time_point::min();  ///< never
    Clock::time_point told_at{};
    Allowance reads;
    Allowance beats;
    Allowance others;
    std::uint64_t sequence = 0;
    wire::Beat beat;  ///< the last one, without its progress; its lanes sorted
  };
  /// Tasks for which too few could be woken.
  struct Waiting {
    Told told;
    std::optional<Clock::time_point> due_at{};  ///< nothing: when somebody is free
  };
  struct Candidate;

  [[nodiscard]] Line* line(const std::string& route, Clock::time_point now);
  [[nodiscard]] std::vector<Candidate> candidates(const wire::Ready& ready);
  void wait(const Told& told, std::optional<Clock::time_point> due_at);
  void forget_served(Clock::time_point now);
  [[nodiscard]] bool serve(Line& line, Clock::time_point now);

  std::map<std::string, Line> lines_;                               ///< by route
  std::map<std::pair<std::string, std::string>, Waiting> waiting_;  ///< by target and lane
};

/// What subscribers are told of a beat. Pure.
[[nodiscard]] wire::WorkerEvent event_of(const wire::Beat& beat);

}  // namespace lethe::scheduler
