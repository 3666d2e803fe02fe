#pragma once

#include <map>
#include <memory>
#include <set>

#include "common/control/control_bus.hpp"

namespace lethe::transport {

/// Whether a process with this key talks to an endpoint of that scheduler: on this machine always;
/// over tcp with keys on both sides, or with `allow_plain` without any on the other. Pure.
[[nodiscard]] bool may_connect(const std::string& endpoint, const std::string& server_key,
                               const CurveKey& own, bool allow_plain);

/// ControlClient over ZeroMQ: a DEALER for each scheduler. Opens nothing before there is one.
class ZmqControlClient final : public ControlClient {
 public:
  /// `own` may be none; `allow_plain`: connect without encryption to schedulers that have no key.
  ZmqControlClient(CurveKey own, bool allow_plain);
  ~ZmqControlClient() override;

  std::size_t connect(const std::vector<SchedulerAddress>& schedulers) override;
  void leave(const std::string& holder) override;
  std::vector<std::pair<std::string, std::string>> receive(std::chrono::milliseconds duration,
                                                           int wake_fd) override;
  bool send(const std::string& holder, const std::string& frame) override;
  void send_all(const std::string& frame) override;

 private:
  struct Sockets;
  void try_add(const SchedulerAddress& address);

  const CurveKey own_;
  const bool allow_plain_;
  std::set<std::string> told_;  ///< holders to which it did not connect, and said so
  std::unique_ptr<Sockets> sockets_;
};

}  // namespace lethe::transport
