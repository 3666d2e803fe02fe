#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "common/clock.hpp"
#include "common/control/control_bus.hpp"
#include "common/random.hpp"
#include "common/supervision/supervision.hpp"
#include "proto/control_codec.hpp"
#include "scheduler/control_mail.hpp"
#include "scheduler/roster.hpp"

namespace lethe::scheduler {

/// Passes messages on: takes beats of workers, wakes them, tells subscribers, hands commands to the
/// control desk and answers to who asked. Owns the sockets' thread and never asks the database, so
/// that nothing here waits for it. Whatever is wrong with a message, it is dropped.
/// Source: proto/PROTOCOL.md.
class Switchboard {
 public:
  struct Options {
    std::chrono::milliseconds wait{250};     ///< for messages, at most
    std::chrono::milliseconds retry{1'000};  ///< after the sockets broke
    LoopMark mark{};                         ///< of its turns
  };

  /// All are borrowed and must outlive the switchboard; the server is its thread's.
  Switchboard(const Options& options, Clock& clock, Random& random, ControlServer& server,
              ControlMail& mail)
      : options_(options), clock_(clock), random_(random), server_(server), mail_(mail) {}

  /// Works until `stop` is requested. The sockets open when the first keys are there.
  void run(const std::stop_token& stop);

  /// One turn: what came by mail, then what came through the sockets. Errors: BusError.
  void run_once();

 private:
  void open();
  void close();
  [[nodiscard]] bool has_stood_still();
  void take_mail();
  void take(const KeyRing& keys);
  void take(const ControlNews& news);
  void take(const AnsweredCommand& answered);
  void take(const Letter& letter);
  void take_from_worker(const Letter& letter, const wire::Envelope& envelope);
  void take_beat(const Letter& letter, const wire::Envelope& envelope, const wire::Beat& beat);
  void take_from_operator(const Letter& letter, const wire::Envelope& envelope);
  void refuse(const Letter& letter, const wire::DecodeError& error);
  void wake(wire::Ready ready, std::chrono::milliseconds pause);
  void rouse(const Roster::Told& told);
  bool say(const std::string& route, wire::Message message);
  [[nodiscard]] std::chrono::milliseconds time_to_wait() const;
  void answer(const std::string& route, const std::string& id, const CommandAnswer& answer);
  void publish(const std::string& topic, wire::Message message);
  [[nodiscard]] std::string frame(std::uint64_t& sequence, wire::Message message,
                                  const std::string& re = "");

  const Options options_;
  Clock& clock_;
  Random& random_;
  ControlServer& server_;
  ControlMail& mail_;

  std::optional<KeyRing> keys_;
  bool is_open_ = false;
  Clock::time_point received_at_{};  // since_boot(), when the sockets were last looked at
  /// Of each socket, so that a subscriber sees a gap only where an event is missing.
  struct Sequences {
    std::uint64_t workers = 0;
    std::uint64_t operators = 0;
    std::uint64_t events = 0;
  };
  Sequences sequences_;
  std::uint64_t dropped_ = 0;  // messages since the last log line about them
  Clock::time_point dropped_told_at_{};
  Roster roster_;
};

}  // namespace lethe::scheduler
