#include "scheduler/control_desk.hpp"

#include <algorithm>
#include <utility>

#include "common/logging.hpp"
#include "common/store_error.hpp"

namespace lethe::scheduler {

namespace {

using std::chrono::milliseconds;

void log_failure(const char* event, const StoreError& error) {
  const bool ours = error.failure() == Failure::rejected;
  log_event(ours ? LogLevel::error : LogLevel::warn, event,
            {{"failure", to_string(error.failure())}, {"error", error.what()}});
}

}  // namespace

void ControlDesk::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      run_once();
      options_.mark.succeeded();
    } catch (const StoreError& error) {
      options_.mark.failed(error.what());
      log_failure("control_desk_failed", error);
      clock_.wait_for(jittered(options_.retry, random_), stop);
    }
  }
  withdraw();
}

void ControlDesk::run_once() {
  for (const DeskMail& mail : mail_.desk.take())
    std::visit([this](const auto& one) { take(one); }, mail);
  if (clock_.now() >= refresh_at_) refresh();
  constexpr milliseconds wait_max{250};  // so that a request to stop is heard
  const auto left = std::chrono::ceil<milliseconds>(refresh_at_ - clock_.now());
  const auto news = ports_.news.wait(std::clamp(left, milliseconds(0), wait_max), mail_.desk.fd());
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
  CommandAnswer answer;
  try {
    answer = ports_.commands.carry_out(command.command, command.actor);
    log_event(LogLevel::info, "command_answered",
              {{"id", command.command.id},
               {"verb", command.command.verb},
               {"object", command.command.object},
               {"actor", command.actor},
               {"code", answer.code}});
  } catch (const StoreError& error) {
    log_failure("command_failed", error);
    answer = {.code = "unreachable",
              .detail = "the control database did not answer; ask again with the same id"};
  }
  mail_.switchboard.put(AnsweredCommand{.asked = command, .answer = std::move(answer)});
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
