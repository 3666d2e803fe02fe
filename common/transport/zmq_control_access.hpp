#pragma once

#include "common/control/control_access.hpp"

namespace lethe::transport {

/// ControlAccess with ZeroMQ's keys and sockets. Opens nothing before somebody subscribes.
class ZmqControlAccess final : public ControlAccess {
 public:
  std::string make_key_file(const std::string& file) override;
  std::string public_key_in(const std::string& file) override;
  [[nodiscard]] bool is_public_key(const std::string& text) const override;
  [[nodiscard]] bool can_subscribe(const SchedulerAddress& scheduler, const std::string& file,
                                   bool allow_plain) const override;
  std::unique_ptr<EventSource> subscribe(const SchedulerAddress& scheduler, const std::string& file,
                                         const std::string& topic) override;
};

}  // namespace lethe::transport
