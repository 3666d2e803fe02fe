#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "common/clock.hpp"
#include "common/control/control_store.hpp"
#include "common/random.hpp"
#include "common/supervision/supervision.hpp"
#include "scheduler/control_mail.hpp"

namespace lethe::scheduler {

/// What a control desk works with; used by its thread only.
struct DeskPorts {
  SchedulerDirectory& directory;
  KeyStore& keys;
  CommandStore& commands;
  NewsListener& news;
};

/// The database's side of the control plane: says where this scheduler is reached, reads who may
/// connect, hears what was committed, carries commands out. On a thread of its own, so that a slow
/// database holds up no message but the answers to commands.
class ControlDesk {
 public:
  struct Options {
    std::string holder{};  ///< as in the leadership
    std::string version{};
    std::chrono::milliseconds refresh{2'000};  ///< of keys and of our own address
    std::chrono::milliseconds retry{1'000};
    LoopMark mark{};  ///< of its turns
  };

  /// All are borrowed and must outlive the desk.
  ControlDesk(Options options, Clock& clock, Random& random, const DeskPorts& ports,
              ControlMail& mail)
      : options_(std::move(options)), clock_(clock), random_(random), ports_(ports), mail_(mail) {}

  /// Works until `stop` is requested, then says that this scheduler is not there any more.
  void run(const std::stop_token& stop);

  /// One turn. Errors: StoreError; the next one goes on.
  void run_once();

 private:
  void refresh();
  void take(const SchedulerAddress& address);
  void take(const PendingCommand& command);
  void withdraw();

  const Options options_;
  Clock& clock_;
  Random& random_;
  const DeskPorts ports_;
  ControlMail& mail_;

  std::optional<KeyRing> keys_;  // as the switchboard has them
  std::optional<SchedulerAddress> address_;
  Clock::time_point refresh_at_{};
};

}  // namespace lethe::scheduler
