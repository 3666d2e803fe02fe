#include "scheduler/roster.hpp"

#include <algorithm>
#include <utility>

namespace lethe::scheduler {

namespace {

using std::chrono::duration;
using std::chrono::seconds;

constexpr double messages_per_second = 50;
constexpr double messages_at_once = 200;
constexpr std::uint64_t woken_min = 8;  // though fewer tasks are ready
constexpr seconds retold_after{5};      // subscribers that came later hear of who does not change
constexpr seconds unserved_for{2};      // by then everybody has asked by himself

bool works_for(const wire::Beat& beat, const std::string& target) {
  return target.empty() || beat.targets.empty() ||
         std::find(beat.targets.begin(), beat.targets.end(), target) != beat.targets.end();
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

Roster::Line* Roster::line(const std::string& route, Clock::time_point now) {
  const auto found = lines_.find(route);
  if (found != lines_.end()) return &found->second;
  if (lines_.size() >= connections_max) return nullptr;
  Line fresh;
  fresh.heard_at = now;
  fresh.allowance = messages_at_once;
  return &lines_.emplace(route, std::move(fresh)).first->second;
}

bool Roster::may_speak(const std::string& route, Clock::time_point now) {
  Line* const from = line(route, now);
  if (from == nullptr) return false;
  const double passed = duration<double>(now - from->heard_at).count();
  from->allowance = std::min(messages_at_once, from->allowance + passed * messages_per_second);
  from->heard_at = now;
  if (from->allowance < 1) return false;
  from->allowance -= 1;
  return true;
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
  if (unserved_ && now - unserved_->since > unserved_for) unserved_.reset();
  heard.should_wake = unserved_ && is_free(beat) && works_for(beat, unserved_->target);
  if (heard.should_wake) {
    unserved_.reset();
    from->woken_at = now;
  }
  return heard;
}

std::vector<std::string> Roster::to_wake(const std::string& target, std::uint64_t tasks,
                                         Clock::time_point now) {
  std::vector<std::pair<Clock::time_point, std::string>> free;
  for (const auto& [route, line] : lines_)
    if (is_free(line.beat) && works_for(line.beat, target)) free.emplace_back(line.woken_at, route);
  if (free.empty()) unserved_ = Unserved{.target = target, .since = now};
  std::sort(free.begin(), free.end());
  std::vector<std::string> routes;
  for (auto& [woken_at, route] : free) {
    if (routes.size() >= std::max(tasks, woken_min)) break;
    lines_.at(route).woken_at = now;
    routes.push_back(std::move(route));
  }
  return routes;
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
  return silent;
}

}  // namespace lethe::scheduler
