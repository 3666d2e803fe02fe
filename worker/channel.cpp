#include "worker/channel.hpp"

#include <algorithm>

#include "common/logging.hpp"
#include "proto/control_codec.hpp"

namespace lethe::worker {

namespace {

using std::chrono::milliseconds;

constexpr int unanswered_max = 3;  // beats, until a scheduler is not counted on any more
constexpr milliseconds wait_max{250};
constexpr std::size_t progress_kept_max = 1'000;  // tasks; progress is repeated by what comes later
constexpr std::size_t untold_max = 1'000;         // targets

std::uint64_t unsigned_of(std::int64_t number) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number));
}

wire::TaskProgress progress_of(const Settlement& settlement) {
  return {.task = settlement.lease.task.value,
          .run = settlement.run.value,
          .policy = settlement.policy,
          .target = settlement.target,
          .epoch = unsigned_of(settlement.lease.epoch),
          .outcome = to_string(settlement.outcome),
          .batches = unsigned_of(settlement.batches),
          .rows = unsigned_of(settlement.rows),
          .batch_rows = unsigned_of(settlement.batch_rows),
          .took_ms = unsigned_of(settlement.took.count())};
}

}  // namespace

void Channel::set_schedulers(std::vector<SchedulerAddress> schedulers) {
  mail_.put(std::move(schedulers));
}

void Channel::finished(const FinishedJob& job) {
  if (job.settlement) mail_.put(progress_of(*job.settlement));
}

void Channel::ready(const ReadyTasks& ready) {
  mail_.put(
      wire::Ready{.target = ready.target, .tasks = unsigned_of(ready.tasks), .lane = ready.lane});
}

bool Channel::is_woken() const {
  const Clock::time_point answered{Clock::time_point::duration(answered_at_.load())};
  return answered != Clock::time_point{} &&
         clock_.now() - answered < unanswered_max * options_.interval;
}

void Channel::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      run_once();
      options_.mark.succeeded();
    } catch (const BusError& error) {
      options_.mark.failed(error.what());
      log_event(LogLevel::warn, "channel_failed", {{"error", error.what()}});
      clock_.wait_for(jittered(options_.retry, random_), stop);
    }
  }
}

void Channel::run_once() {
  for (Mail& mail : mail_.take()) std::visit([this](auto& one) { take(one); }, mail);
  const auto now = clock_.now();
  tell_ready(now);
  if (connections_ > 0 && is_due(now)) beat(now);
  for (const auto& [holder, bytes] : client_.receive(time_to_wait(), mail_.fd()))
    take(holder, bytes);
}

milliseconds Channel::time_to_wait() const {
  if (connections_ == 0) return wait_max;
  auto next = beaten_at_ + (progress_.empty() ? options_.interval : options_.pause);
  for (const auto& [target, untold] : untold_)
    if (untold.ready.tasks > 0) next = std::min(next, untold.may_tell_at);
  const auto left = std::chrono::ceil<milliseconds>(next - clock_.now());
  return std::clamp(left, milliseconds(1), wait_max);
}

void Channel::take(std::vector<SchedulerAddress>& schedulers) {
  const auto now = clock_.now();
  leave_silent(now);
  const std::size_t before = connections_;
  connections_ = client_.connect(schedulers);
  if (connections_ != before)
    log_event(LogLevel::info, "schedulers_found", {{"schedulers", connections_}});
  std::erase_if(lines_, [&](const auto& one) {
    return std::none_of(schedulers.begin(), schedulers.end(),
                        [&](const SchedulerAddress& each) { return each.holder == one.first; });
  });
  for (const SchedulerAddress& each : schedulers)
    lines_.try_emplace(each.holder, Line{.made_at = now, .answered_at = std::nullopt});
}

void Channel::leave_silent(Clock::time_point now) {
  for (auto& [holder, line] : lines_) {
    if (now - std::max(line.made_at, line.answered_at.value_or(line.made_at)) < options_.silence)
      continue;
    client_.leave(holder);
    line.made_at = now;
  }
}

void Channel::take(wire::TaskProgress& progress) {
  if (connections_ == 0) return;
  // More than beats can tell: watchers miss some, and see the totals with a later batch.
  if (progress_.size() >= progress_kept_max && progress_.count(progress.task) == 0) return;
  // Totals grow, so the newest report holds what older ones did, but for the rows of one batch.
  const auto [entry, is_new] = progress_.try_emplace(progress.task, progress);
  if (is_new) return;
  progress.batch_rows += entry->second.batch_rows;
  entry->second = std::move(progress);
}

void Channel::take(wire::Ready& ready) {
  if (untold_.size() >= untold_max && untold_.count(ready.target) == 0) return;
  const auto [entry, is_new] = untold_.try_emplace(ready.target, Untold{.ready = ready});
  wire::Ready& kept = entry->second.ready;
  if (is_new) return;
  kept.lane = kept.tasks == 0 || kept.lane == ready.lane ? ready.lane : "";
  kept.tasks += ready.tasks;
}

void Channel::tell_ready(Clock::time_point now) {
  // The first word at once, what follows together: a busy worker would wake the fleet all the time.
  std::erase_if(untold_, [&](const auto& one) {
    return now >= one.second.may_tell_at && one.second.ready.tasks == 0;
  });
  for (auto& [target, untold] : untold_) {
    if (now < untold.may_tell_at) continue;
    tell_one(untold.ready);
    untold.ready.tasks = 0;
    untold.may_tell_at = now + options_.ready_pause;
  }
}

void Channel::tell_one(const wire::Ready& ready) {
  // One scheduler is enough: each knows every worker. Who answered last is alive, as far as anybody
  // knows.
  std::vector<std::pair<Clock::time_point, std::string>> alive;
  for (const auto& [holder, line] : lines_)
    if (line.answered_at) alive.emplace_back(*line.answered_at, holder);
  std::sort(alive.rbegin(), alive.rend());
  for (const auto& [answered_at, holder] : alive)
    if (client_.send(holder, frame(ready))) return;
}

void Channel::take(const std::string& holder, const std::string& bytes) {
  const auto decoded = wire::decode(bytes);
  const auto* envelope = std::get_if<wire::Envelope>(&decoded);
  if (envelope == nullptr) return;  // newer than this program, or damaged: nothing is lost
  if (std::holds_alternative<wire::BeatAck>(envelope->message)) {
    const auto now = clock_.now();
    const auto line = lines_.find(holder);
    if (line != lines_.end()) line->second.answered_at = now;
    answered_at_ = now.time_since_epoch().count();
  } else if (std::holds_alternative<wire::Wake>(envelope->message)) {
    if (options_.on_wake) options_.on_wake();
  } else if (std::holds_alternative<wire::Look>(envelope->message)) {
    presence_.ask_for_beat();
  }
}

bool Channel::is_due(Clock::time_point now) const {
  const auto passed = now - beaten_at_;
  if (passed >= options_.interval) return true;
  return passed >= options_.pause && (!progress_.empty() || presence_.busy() != told_busy_);
}

void Channel::beat(Clock::time_point now) {
  beaten_at_ = now;
  told_busy_ = presence_.busy();
  const bool is_quiet = presence_.wanted() == Wanted::quiet;
  wire::Beat beat{.worker = unsigned_of(presence_.worker().value),
                  .instance = options_.info.instance,
                  .version = options_.info.version,
                  .phase = presence_.draining() ? "draining"
                           : is_quiet           ? "quiet"
                                                : "running",
                  .slots = unsigned_of(options_.info.slots),
                  .busy = unsigned_of(told_busy_),
                  .targets = {},
                  .progress = {},
                  .lanes = {}};
  // More than a beat can name: then it is woken for any.
  if (options_.info.targets.size() <= wire::names_max) beat.targets = options_.info.targets;
  if (options_.info.lanes.size() <= wire::names_max) beat.lanes = options_.info.lanes;
  while (!progress_.empty() && beat.progress.size() < wire::progress_max)
    beat.progress.push_back(std::move(progress_.extract(progress_.begin()).mapped()));
  client_.send_all(frame(std::move(beat)));
}

std::string Channel::frame(wire::Message message) {
  return wire::encode({.id = "",
                       .re = "",
                       .sequence = ++sequence_,
                       .at_ms = unsigned_of(clock_.unix_time().count()),
                       .message = std::move(message)});
}

}  // namespace lethe::worker
