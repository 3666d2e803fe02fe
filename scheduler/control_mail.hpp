#pragma once

#include <string>
#include <utility>
#include <variant>

#include "common/clock.hpp"
#include "common/control/control_bus.hpp"
#include "common/control/control_store.hpp"
#include "common/mailbox.hpp"

namespace lethe::scheduler {

/// A command on its way from the switchboard to the control desk, and its answer on the way back.
struct PendingCommand {
  std::string route{};  ///< of who waits for the answer
  std::string actor{};  ///< by the key that he showed
  OperatorCommand command{};
  Clock::time_point came_at{};  ///< by Clock::since_boot(): an old command is not carried out
};
struct AnsweredCommand {
  PendingCommand asked{};
  CommandAnswer answer{};
};

/// What the two threads of the control plane leave for each other.
using SwitchboardMail = std::variant<ControlNews, AnsweredCommand>;
using DeskMail = std::variant<SchedulerAddress, PendingCommand>;

struct ControlMail {
  /// The newest keys. In a slot of their own: no flood of other mail pushes a revocation out.
  void put_keys(KeyRing ring) {
    keys.put(std::move(ring));
    switchboard.ring();
  }

  Mailbox<KeyRing> keys{1};
  Mailbox<SwitchboardMail> switchboard{10'000};
  Mailbox<DeskMail> desk{1'000};
};

}  // namespace lethe::scheduler
