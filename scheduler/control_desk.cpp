#include "scheduler/control_desk.hpp"

#include <algorithm>
#include <utility>

#include "common/logging.hpp"
#include "common/store_error.hpp"

namespace lethe::scheduler {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t waiting_max = 1'000;
/// Of one turn, so that keys and address stay fresh: so many commands, and none begun later.
constexpr std::size_t commands_max = 16;
constexpr std::chrono::seconds work_max{5};
/// Whoever asked longer ago than this has given up, or asked again.
constexpr std::chrono::seconds age_max{15};
constexpr int tries_max = 3;

CommandAnswer unreachable(const char* why) {
  return {.code = "unreachable", .detail = std::string(why) + "; ask again with the same id"};
}

/// Nothing was done, and the same call may do it now.
bool is_worth_another_try(Failure failure) {
  return failure == Failure::locked || failure == Failure::retryable;
}

bool has_lost_connection(Failure failure) {
  return failure == Failure::connection_lost || failure == Failure::commit_unknown;
}

void log_failure(const char* event, const StoreError& error) {
  const bool ours = error.failure() == Failure::rejected;
  log_event(ours ? LogLevel::error : LogLevel::warn, event,
            {{"failure", to_string(error.failure())}, {"error", error.what()}});
}

}  // namespace

void ControlDesk::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      run_once(stop);
      options_.mark.succeeded();
    } catch (const StoreError& error) {
      options_.mark.failed(error.what());
      log_failure("control_desk_failed", error);
      clock_.wait_for(jittered(options_.retry, random_), stop);
    }
  }
  withdraw();
}

void ControlDesk::run_once(const std::stop_token& stop) {
  for (const DeskMail& mail : mail_.desk.take())
    std::visit([this](const auto& one) { take(one); }, mail);
  work(stop);
  if (clock_.now() >= refresh_at_) refresh();
  hear();
}

void ControlDesk::work(const std::stop_token& stop) {
  const auto until = clock_.now() + work_max;
  for (std::size_t taken = 0; taken < commands_max && !waiting_.empty(); ++taken) {
    if (stop.stop_requested() || clock_.now() >= until) return;
    const PendingCommand pending = std::move(waiting_.front());
    waiting_.pop_front();
    if (clock_.since_boot() - pending.came_at > age_max) {
      answer(pending, unreachable("this scheduler stood still or was too busy for it"));
    } else if (auto done = carry_out(pending, stop)) {
      answer(pending, std::move(*done));
    } else {  // every other one would wait as long for a connection
      answer(pending, unreachable("the control database did not answer"));
      for (const PendingCommand& other : std::exchange(waiting_, {}))
        answer(other, unreachable("the control database did not answer"));
    }
  }
}

/// Nothing when the connection was lost: nobody knows whether it was done.
std::optional<CommandAnswer> ControlDesk::carry_out(const PendingCommand& pending,
                                                    const std::stop_token& stop) {
  for (int tries = 1;; ++tries) {
    try {
      return ports_.commands.carry_out(pending.command, pending.actor);
    } catch (const StoreError& error) {
      const Failure failure = error.failure();
      if (is_worth_another_try(failure) && tries < tries_max && !stop.stop_requested()) continue;
      log_failure("command_failed", error);
      if (has_lost_connection(failure)) return std::nullopt;
      if (failure == Failure::rejected)
        return CommandAnswer{.code = "refused",
                             .detail = "the control database refused: " + error.detail()};
      return unreachable("the control database did not do it in time");
    }
  }
}

void ControlDesk::answer(const PendingCommand& asked, CommandAnswer answer) {
  log_event(LogLevel::info, "command_answered",
            {{"id", asked.command.id},
             {"verb", asked.command.verb},
             {"object", asked.command.object},
             {"actor", asked.actor},
             {"code", answer.code}});
  mail_.switchboard.put(AnsweredCommand{.asked = asked, .answer = std::move(answer)});
}

void ControlDesk::hear() {
  constexpr milliseconds wait_max{250};  // so that a request to stop is heard
  const auto left = std::chrono::ceil<milliseconds>(refresh_at_ - clock_.now());
  const auto wait =
      waiting_.empty() ? std::clamp(left, milliseconds(0), wait_max) : milliseconds(0);
  const auto news = ports_.news.wait(wait, mail_.desk.fd());
  for (const ControlNews& one : news) {
    if (one.kind == ControlNews::Kind::keys) refresh_at_ = {};
    mail_.switchboard.put(one);
  }
}

void ControlDesk::refresh() {
  refresh_at_ = clock_.now() + options_.refresh;
  KeyRing keys;
  for (KeyRow& row : ports_.keys.list()) keys.push_back(std::move(row.key));
  // Also before the sockets are open, and again when they broke.
  if (keys != keys_ || !address_) mail_.put_keys(keys);
  keys_ = std::move(keys);
  if (address_) ports_.directory.announce(*address_, options_.version);
}

void ControlDesk::take(const SchedulerAddress& address) {
  address_ = address;
  address_->holder = options_.holder;
  refresh_at_ = {};
}

void ControlDesk::take(const PendingCommand& command) {
  if (waiting_.size() >= waiting_max)
    return answer(command, unreachable("too many commands wait here"));
  waiting_.push_back(command);
}

void ControlDesk::withdraw() {
  if (!address_) return;
  try {
    ports_.directory.withdraw(options_.holder);
  } catch (const StoreError& error) {
    log_failure("control_desk_failed", error);  // the row grows old by itself
  }
}

}  // namespace lethe::scheduler
