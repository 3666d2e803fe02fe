#pragma once

#include <memory>

#include "common/control/control_bus.hpp"

namespace lethe::transport {

/// What a scheduler opens. An endpoint that is "" is not opened.
struct ServerOptions {
  std::string workers{};    ///< "tcp://host:port" (port * lets the system choose) or "ipc:///path"
  std::string operators{};  ///< the same
  std::string events{};     ///< the same
  /// What others call this machine; put in the place of the host in the addresses of the tcp
  /// endpoints. "": they can use the endpoints as they are.
  std::string host{};
  CurveKey key{};  ///< tcp endpoints ask for keys when there is one, and are open to all otherwise
};

/// ControlServer over ZeroMQ: a ROUTER for workers, one for operators, a PUB for events.
class ZmqControlServer final : public ControlServer {
 public:
  explicit ZmqControlServer(ServerOptions options);
  ~ZmqControlServer() override;

  OpenSockets open(const KeyRing& keys) override;
  void close() noexcept override;
  std::vector<Letter> receive(std::chrono::milliseconds duration, int wake_fd) override;
  bool send(Door door, const std::string& to, const std::string& frame) override;
  void publish(const std::string& topic, const std::string& frame) override;

 private:
  struct Sockets;

  const ServerOptions options_;
  KeyRing keys_;
  SchedulerAddress bound_;  ///< with the ports that the system chose; kept for the next open()
  std::unique_ptr<Sockets> sockets_;
};

}  // namespace lethe::transport
