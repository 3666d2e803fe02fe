#pragma once

#include <memory>

#include "common/control/control_bus.hpp"

namespace lethe::transport {

/// EventSource over ZeroMQ: a SUB at one scheduler. Connects by itself again and again.
class ZmqEventSource final : public EventSource {
 public:
  /// `topic` is the beginning of the topics that are wanted; "" is all of them. Throws BusError.
  ZmqEventSource(const SchedulerAddress& scheduler, const CurveKey& own, const std::string& topic);
  ~ZmqEventSource() override;

  std::vector<std::string> receive(std::chrono::milliseconds duration) override;

 private:
  struct Socket;
  std::unique_ptr<Socket> socket_;
};

}  // namespace lethe::transport
