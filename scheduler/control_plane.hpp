#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "common/clock.hpp"
#include "common/random.hpp"
#include "common/supervision/supervision.hpp"
#include "scheduler/control_desk.hpp"
#include "scheduler/switchboard.hpp"

namespace lethe::scheduler {

/// Both threads of the control plane, from construction to destruction: the switchboard with the
/// sockets, the desk with the database. Every scheduler has one, leader or not.
///
/// Neither thread has a catch for defects: what is not a BusError or StoreError ends the process.
class ControlPlane {
 public:
  /// All are borrowed and must outlive the object; `server` and `ports` are for its threads alone.
  ControlPlane(ControlDesk::Options options, Clock& clock, Supervision& supervision,
               ControlServer& server, const DeskPorts& ports)
      : switchboard_({.mark = supervision.add("switchboard", limits)}, clock, switchboard_random_,
                     server, mail_),
        desk_(supervised(std::move(options), supervision), clock, desk_random_, ports, mail_),
        switching_([this](const std::stop_token& stop) { switchboard_.run(stop); }),
        writing_([this](const std::stop_token& stop) { desk_.run(stop); }) {}

 private:
  /// Longer than a reconnect to the control database takes.
  static constexpr LoopLimits limits{.success = std::chrono::seconds(60),
                                     .turn = std::chrono::seconds(180)};
  static ControlDesk::Options supervised(ControlDesk::Options options, Supervision& supervision) {
    options.mark = supervision.add("control_desk", limits);
    return options;
  }

  ControlMail mail_;
  SeededRandom switchboard_random_;
  SeededRandom desk_random_;
  Switchboard switchboard_;
  ControlDesk desk_;
  std::jthread switching_;
  std::jthread writing_;  // ends first, so that this scheduler is withdrawn while it still listens
};

}  // namespace lethe::scheduler
