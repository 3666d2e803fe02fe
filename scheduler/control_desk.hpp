#pragma once

#include <chrono>
#include <deque>
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
/// database holds up no message but the answers to commands. Every command gets one answer; one
/// that cannot be carried out soon is answered `unreachable`, so that nothing happens later that
/// nobody counts on any more.
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

  /// One turn: some of the commands that wait, then keys and address, then news. Begins no command
  /// once `stop` is requested. Errors: StoreError; the next one goes on.
  void run_once(const std::stop_token& stop = {});

 private:
  void work(const std::stop_token& stop);
  std::optional<CommandAnswer> carry_out(const PendingCommand& pending,
                                         const std::stop_token& stop);
  void answer(const PendingCommand& asked, CommandAnswer answer);
  void refresh();
  void hear();
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
  std::deque<PendingCommand> waiting_;  // the oldest first
  Clock::time_point refresh_at_{};
};

}  // namespace lethe::scheduler
