#include "scheduler/switchboard.hpp"

#include <algorithm>
#include <utility>

#include "common/logging.hpp"

namespace lethe::scheduler {

namespace {

constexpr std::chrono::seconds dropped_told_every{60};
/// What came while this thread did nothing for longer than this may be of any age.
constexpr std::chrono::seconds standstill_min{15};

std::string worker_topic(std::uint64_t worker) { return "worker." + std::to_string(worker); }

/// A command without an id of its own cannot be told from its repeat.
bool is_command_id(const std::string& id) {
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace

void Switchboard::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      run_once();
      options_.mark.succeeded();
    } catch (const BusError& error) {
      options_.mark.failed(error.what());
      log_event(LogLevel::error, "control_sockets_failed", {{"error", error.what()}});
      close();
      clock_.wait_for(jittered(options_.retry, random_), stop);
    }
  }
  server_.close();
}

void Switchboard::run_once() {
  take_mail();
  if (!is_open_ && keys_) open();
  if (!is_open_) {
    clock_.wait_for(options_.wait, {});
    return;
  }
  for (const Roster::Told& told : roster_.due(clock_.now())) rouse(told);
  const auto letters = server_.receive(time_to_wait(), mail_.switchboard.fd());
  if (has_stood_still()) return close();  // with all that waits there; the next turn opens them
  for (const Letter& letter : letters) take(letter);
  for (wire::WorkerEvent& event : roster_.forget_silent(clock_.now()))
    publish(worker_topic(event.worker), std::move(event));
  const auto now = clock_.now();
  if (dropped_ > 0 && now - dropped_told_at_ >= dropped_told_every) {
    dropped_told_at_ = now;
    log_event(LogLevel::warn, "messages_dropped", {{"messages", std::exchange(dropped_, 0)}});
  }
}

bool Switchboard::has_stood_still() {
  const auto before = std::exchange(received_at_, clock_.since_boot());
  if (received_at_ - before <= standstill_min) return false;
  const auto length = std::chrono::floor<std::chrono::seconds>(received_at_ - before);
  log_event(LogLevel::warn, "control_stood_still", {{"seconds", length.count()}});
  return true;
}

void Switchboard::close() {
  server_.close();
  is_open_ = false;
  roster_.clear();
}

std::chrono::milliseconds Switchboard::time_to_wait() const {
  const auto due_at = roster_.next_due();
  if (!due_at) return options_.wait;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due_at - clock_.now());
  return std::clamp(left, std::chrono::milliseconds(0), options_.wait);
}

void Switchboard::take_mail() {
  if (const auto keys = mail_.keys.take(); !keys.empty()) take(keys.back());
  for (const SwitchboardMail& mail : mail_.switchboard.take())
    std::visit([this](const auto& one) { take(one); }, mail);
  // What was pushed out may have been a call to look; who waits for an answer asks again.
  if (mail_.switchboard.has_lost()) take(ControlNews{.kind = ControlNews::Kind::look, .count = 0});
}

void Switchboard::take(const KeyRing& keys) {
  keys_ = keys;
  open();
}

void Switchboard::open() {
  const auto [address, is_anew] = server_.open(*keys_);
  if (is_anew) roster_.clear();  // of connections that are gone
  if (!is_open_) received_at_ = clock_.since_boot();
  if (!is_open_)
    log_event(LogLevel::info, "control_sockets_open",
              {{"workers", address.workers},
               {"operators", address.operators},
               {"events", address.events},
               {"encrypted", address.public_key.empty() ? "no" : "yes"}});
  is_open_ = true;
  mail_.desk.put(address);
}

void Switchboard::take(const ControlNews& news) {
  switch (news.kind) {
    case ControlNews::Kind::ready:
      return wake({.target = news.target,
                   .tasks = static_cast<std::uint64_t>(news.count),
                   .lane = news.lane},
                  Roster::pause_of_news);
    case ControlNews::Kind::look:
      for (const std::string& route : roster_.of_worker(static_cast<std::uint64_t>(news.count)))
        say(route, wire::Look{.why = "something was asked of you"});
      return;
    case ControlNews::Kind::keys: return;  // the desk reads them
  }
}

void Switchboard::take(const AnsweredCommand& answered) {
  const OperatorCommand& command = answered.asked.command;
  answer(answered.asked.route, command.id, answered.answer);
  publish("command", wire::CommandEvent{.verb = command.verb,
                                        .object = command.object,
                                        .actor = answered.asked.actor,
                                        .code = answered.answer.code});
}

void Switchboard::take(const Letter& letter) {
  if (letter.door == Door::workers && !roster_.may_speak(letter.from, clock_.now())) {
    ++dropped_;
    return;
  }
  const auto decoded = wire::decode(letter.frame);
  if (const auto* error = std::get_if<wire::DecodeError>(&decoded)) return refuse(letter, *error);
  const auto& envelope = std::get<wire::Envelope>(decoded);
  if (letter.door == Door::workers) return take_from_worker(letter, envelope);
  take_from_operator(letter, envelope);
}

void Switchboard::take_from_worker(const Letter& letter, const wire::Envelope& envelope) {
  const auto* beat = std::get_if<wire::Beat>(&envelope.message);
  const auto kind = beat == nullptr ? Roster::Kind::other : Roster::Kind::beat;
  if (!roster_.may_say(letter.from, kind, clock_.now())) {
    ++dropped_;
  } else if (beat != nullptr) {
    take_beat(letter, envelope, *beat);
  } else if (const auto* ready = std::get_if<wire::Ready>(&envelope.message)) {
    wake(*ready, Roster::pause_of_workers);
  } else {
    ++dropped_;
  }
}

void Switchboard::take_beat(const Letter& letter, const wire::Envelope& envelope,
                            const wire::Beat& beat) {
  const Roster::Heard heard = roster_.heard(letter.from, envelope, beat, clock_.now());
  if (!heard.is_news) return;
  say(letter.from, wire::BeatAck{.beat = envelope.sequence});
  if (heard.should_wake) say(letter.from, wire::Wake{.tasks = 1});
  if (heard.has_changed && beat.worker != 0) publish(worker_topic(beat.worker), event_of(beat));
  for (const wire::TaskProgress& task : beat.progress)
    publish("run." + task.run, wire::ProgressEvent{.worker = beat.worker, .task = task});
}

void Switchboard::take_from_operator(const Letter& letter, const wire::Envelope& envelope) {
  const auto* command = std::get_if<wire::Command>(&envelope.message);
  if (command == nullptr || !is_command_id(envelope.id))
    return refuse(letter, {.kind = wire::DecodeError::Kind::malformed,
                           .detail = "send a command whose id is 1 to 64 of a-z A-Z 0-9 - _ .",
                           .id = envelope.id});
  mail_.desk.put(PendingCommand{
      .route = letter.from,
      .actor = letter.key.empty() ? "message" : "key:" + letter.key,
      .command = {.id = envelope.id, .verb = command->verb, .object = command->object},
      .came_at = received_at_});
}

void Switchboard::refuse(const Letter& letter, const wire::DecodeError& error) {
  ++dropped_;
  // Whoever may give commands is told what was wrong; everybody else gets nothing.
  if (letter.door != Door::operators) return;
  const bool is_legible = error.kind == wire::DecodeError::Kind::malformed;
  answer(letter.from, error.id,
         {.code = is_legible ? "malformed" : "unsupported", .detail = error.detail});
}

void Switchboard::wake(wire::Ready ready, std::chrono::milliseconds pause) {
  if (ready.tasks == 0) return;
  ready.tasks = std::min(ready.tasks, Roster::tasks_max);
  rouse({.ready = ready, .pause = pause, .at = clock_.now()});
  publish("ready", wire::ReadyEvent{.target = ready.target, .tasks = ready.tasks});
}

void Switchboard::rouse(const Roster::Told& told) {
  // Whoever cannot be told is forgotten, so that this ends when nobody is left.
  for (bool is_told = false; !is_told;) {
    const auto routes = roster_.to_wake(told, clock_.now());
    if (routes.empty()) return;
    for (const std::string& route : routes)
      is_told = say(route, wire::Wake{.tasks = told.ready.tasks}) || is_told;
  }
}

bool Switchboard::say(const std::string& route, wire::Message message) {
  if (server_.send(Door::workers, route, frame(sequences_.workers, std::move(message))))
    return true;
  roster_.forget(route);
  return false;
}

void Switchboard::answer(const std::string& route, const std::string& id,
                         const CommandAnswer& answer) {
  const wire::Answer message{.ok = answer.is_done(), .code = answer.code, .detail = answer.detail};
  // Whoever has gone asks again with the same id, and gets the same answer.
  static_cast<void>(server_.send(Door::operators, route, frame(sequences_.operators, message, id)));
}

void Switchboard::publish(const std::string& topic, wire::Message message) {
  server_.publish(topic, frame(sequences_.events, std::move(message)));
}

std::string Switchboard::frame(std::uint64_t& sequence, wire::Message message,
                               const std::string& re) {
  return wire::encode({.id = "",
                       .re = re,
                       .sequence = ++sequence,
                       .at_ms = static_cast<std::uint64_t>(clock_.unix_time().count()),
                       .message = std::move(message)});
}

}  // namespace lethe::scheduler
