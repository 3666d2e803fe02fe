#pragma once

#include <string>
#include <thread>

#include "common/clock.hpp"
#include "common/random.hpp"
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
  ControlPlane(ControlDesk::Options options, Clock& clock, ControlServer& server,
               const DeskPorts& ports)
      : switchboard_({}, clock, switchboard_random_, server, mail_),
        desk_(std::move(options), clock, desk_random_, ports, mail_),
        switching_([this](const std::stop_token& stop) { switchboard_.run(stop); }),
        writing_([this](const std::stop_token& stop) { desk_.run(stop); }) {}

 private:
  ControlMail mail_;
  SeededRandom switchboard_random_;
  SeededRandom desk_random_;
  Switchboard switchboard_;
  ControlDesk desk_;
  std::jthread switching_;
  std::jthread writing_;  // ends first, so that this scheduler is withdrawn while it still listens
};

}  // namespace lethe::scheduler
