#include "scheduler/roster.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace lethe::scheduler {

namespace {

using std::chrono::duration;
using std::chrono::seconds;

// Of each kind; a worker beats five times a second at most.
constexpr double messages_per_second = 50;
constexpr double messages_at_once = 200;
// Of all kinds together: more than both may say.
constexpr double reads_per_second = 200;
constexpr double reads_at_once = 600;
constexpr std::uint64_t woken_min = 8;     // though fewer tasks are ready
constexpr std::size_t lane_sets_max = 32;  // of which one each is woken for an unknown lane
constexpr seconds retold_after{5};       // subscribers that came later hear of who does not change
constexpr seconds waiting_for{2};        // by then everybody has asked by himself
constexpr std::size_t waiting_max = 64;  // targets and lanes for which tasks wait

bool has(const std::vector<std::string>& names, const std::string& name) {
  return name.empty() || names.empty() ||
         std::find(names.begin(), names.end(), name) != names.end();
}

bool serves(const wire::Beat& beat, const std::string& target, const std::string& lane) {
  return has(beat.targets, target) && has(beat.lanes, lane);
}

bool is_free(const wire::Beat& beat) {
  return beat.phase == "running" && beat.worker != 0 && beat.busy < beat.slots;
}

bool look_alike(const wire::Beat& a, const wire::Beat& b) { return event_of(a) == event_of(b); }

}  // namespace

wire::WorkerEvent event_of(const wire::Beat& beat) {
  return {.worker = beat.worker,
          .instance = beat.instance,
          .version = beat.version,
          .phase = beat.phase,
          .slots = beat.slots,
          .busy = beat.busy};
}

/// A worker that may be woken.
struct Roster::Candidate {
  Line* line;
  const std::string* route;
  bool is_only = false;  ///< nobody before it has the same lanes
};

bool Roster::Allowance::spend(double per_second, double at_once, Clock::time_point now) {
  left = std::min(at_once, left + duration<double>(now - filled_at).count() * per_second);
  filled_at = now;
  if (left < 1) return false;
  left -= 1;
  return true;
}

Roster::Line* Roster::line(const std::string& route, Clock::time_point now) {
  const auto found = lines_.find(route);
  if (found != lines_.end()) return &found->second;
  if (lines_.size() >= connections_max) return nullptr;
  Line fresh;
  fresh.heard_at = now;
  return &lines_.emplace(route, std::move(fresh)).first->second;
}

bool Roster::may_speak(const std::string& route, Clock::time_point now) {
  Line* const from = line(route, now);
  if (from == nullptr) return false;
  from->heard_at = now;
  return from->reads.spend(reads_per_second, reads_at_once, now);
}

bool Roster::may_say(const std::string& route, Kind kind, Clock::time_point now) {
  Line* const from = line(route, now);
  if (from == nullptr) return false;
  Allowance& allowance = kind == Kind::beat ? from->beats : from->others;
  return allowance.spend(messages_per_second, messages_at_once, now);
}

Roster::Heard Roster::heard(const std::string& route, const wire::Envelope& envelope,
                            const wire::Beat& beat, Clock::time_point now) {
  Line* const from = line(route, now);
  // Numbers grow as long as a connection lives, so a repeat or an overtaken beat shows.
  if (from == nullptr || envelope.sequence <= from->sequence) return {};
  Heard heard{.is_news = true};
  from->sequence = envelope.sequence;
  heard.has_changed = !look_alike(from->beat, beat) || now - from->told_at >= retold_after;
  if (heard.has_changed) from->told_at = now;
  from->beat = beat;
  from->beat.progress.clear();
  std::sort(from->beat.lanes.begin(), from->beat.lanes.end());
  forget_served(now);
  heard.should_wake = serve(*from, now);
  return heard;
}

bool Roster::serve(Line& line, Clock::time_point now) {
  if (!is_free(line.beat)) return false;
  // Each task needs a slot of somebody: what this worker has none for waits for the next one.
  std::uint64_t slots = line.beat.slots - line.beat.busy;
  bool has_served = false;
  for (auto& [what, waiting] : waiting_) {
    if (slots == 0) break;
    wire::Ready& ready = waiting.told.ready;
    if (waiting.due_at || line.woken_at + waiting.told.pause > now) continue;
    if (!serves(line.beat, ready.target, ready.lane)) continue;
    const std::uint64_t taken = std::min(slots, ready.tasks);
    ready.tasks -= taken;
    slots -= taken;
    has_served = true;
  }
  if (has_served) line.woken_at = now;
  return has_served;
}

void Roster::forget_served(Clock::time_point now) {
  std::erase_if(waiting_, [&](const auto& one) {
    const Told& told = one.second.told;
    return told.ready.tasks == 0 || now - told.at > waiting_for;
  });
}

std::vector<Roster::Candidate> Roster::candidates(const wire::Ready& ready) {
  std::vector<Candidate> found;
  for (auto& [route, line] : lines_)
    if (is_free(line.beat) && serves(line.beat, ready.target, ready.lane))
      found.push_back({.line = &line, .route = &route});
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.line->woken_at, *a.route) < std::tie(b.line->woken_at, *b.route);
  });
  if (!ready.lane.empty()) return found;
  std::set<std::vector<std::string>> seen;
  for (Candidate& one : found)
    one.is_only = seen.size() < lane_sets_max && seen.insert(one.line->beat.lanes).second;
  std::stable_partition(found.begin(), found.end(),
                        [](const Candidate& one) { return one.is_only; });
  return found;
}

std::vector<std::string> Roster::to_wake(const Told& told, Clock::time_point now) {
  Told kept = told;
  kept.ready.tasks = std::min(kept.ready.tasks, tasks_max);
  const auto free = candidates(kept.ready);
  if (free.empty()) wait(kept, std::nullopt);
  std::vector<std::string> routes;
  std::optional<Clock::time_point> due_at;
  std::uint64_t chosen = 0;
  std::uint64_t served = 0;
  bool needs_more = false;
  for (const Candidate& one : free) {
    if (++chosen > std::max(kept.ready.tasks, woken_min) && !one.is_only) break;
    const Clock::time_point may_at = one.line->woken_at + kept.pause;
    const bool has_asked = one.line->woken_at >= kept.at;  // or is about to, after the commit
    if (!has_asked && now < may_at) {
      due_at = std::min(due_at.value_or(may_at), may_at);
      needs_more = needs_more || one.is_only;
      continue;
    }
    ++served;
    if (has_asked) continue;
    one.line->woken_at = now;
    routes.push_back(*one.route);
  }
  if (due_at && (needs_more || served < kept.ready.tasks)) wait(kept, due_at);
  return routes;
}

void Roster::wait(const Told& told, std::optional<Clock::time_point> due_at) {
  const auto [entry, is_new] = waiting_.try_emplace({told.ready.target, told.ready.lane},
                                                    Waiting{.told = told, .due_at = due_at});
  Waiting& kept = entry->second;
  if (!is_new) {
    kept.told.ready.tasks = std::min(tasks_max, kept.told.ready.tasks + told.ready.tasks);
    kept.told.pause = std::min(kept.told.pause, told.pause);
    kept.told.at = std::max(kept.told.at, told.at);
    if (due_at) kept.due_at = std::min(kept.due_at.value_or(*due_at), *due_at);
  }
  if (waiting_.size() <= waiting_max) return;
  waiting_.erase(std::min_element(
      waiting_.begin(), waiting_.end(),
      [](const auto& a, const auto& b) { return a.second.told.at < b.second.told.at; }));
}

std::vector<Roster::Told> Roster::due(Clock::time_point now) {
  std::vector<Told> found;
  std::erase_if(waiting_, [&](const auto& one) {
    const Waiting& waiting = one.second;
    if (!waiting.due_at || *waiting.due_at > now) return false;
    found.push_back(waiting.told);
    return true;
  });
  return found;
}

std::optional<Clock::time_point> Roster::next_due() const {
  std::optional<Clock::time_point> next;
  for (const auto& [what, waiting] : waiting_)
    if (waiting.due_at) next = std::min(next.value_or(*waiting.due_at), *waiting.due_at);
  return next;
}

std::vector<std::string> Roster::of_worker(std::uint64_t worker) const {
  std::vector<std::string> routes;
  for (const auto& [route, line] : lines_)
    if (worker == 0 || line.beat.worker == worker) routes.push_back(route);
  return routes;
}

std::vector<wire::WorkerEvent> Roster::forget_silent(Clock::time_point now) {
  std::vector<wire::WorkerEvent> silent;
  std::erase_if(lines_, [&](const auto& entry) {
    if (now - entry.second.heard_at < silence) return false;
    wire::WorkerEvent event = event_of(entry.second.beat);
    event.phase = "silent";
    if (event.worker != 0) silent.push_back(std::move(event));
    return true;
  });
  // A worker that connected anew left its old connection behind.
  std::erase_if(silent, [this](const auto& one) { return !of_worker(one.worker).empty(); });
  return silent;
}

}  // namespace lethe::scheduler
