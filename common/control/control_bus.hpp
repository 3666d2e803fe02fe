#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lethe {

// PORTS: how the processes of the fleet talk to each other. What they say is in proto; ZeroMQ is
// behind these (common/transport). Nothing that anybody says here is needed for anything to be
// right. Each object belongs to one thread. Errors: BusError.

/// What the other side of a connection may do.
enum class KeyRole { worker, operator_of, viewer };
[[nodiscard]] const char* to_string(KeyRole role) noexcept;  ///< "worker", "operator", "viewer"

/// A public key that may connect.
struct AllowedKey {
  std::string name{};        ///< for people and the audit
  std::string public_key{};  ///< Z85, 40 characters
  KeyRole role = KeyRole::viewer;
  friend bool operator==(const AllowedKey&, const AllowedKey&) = default;
};
using KeyRing = std::vector<AllowedKey>;

/// Where a scheduler is reached. An endpoint is "tcp://host:port" or "ipc:///path"; "": not there.
struct SchedulerAddress {
  std::string holder{};      ///< as lethe.leader names it
  std::string workers{};     ///< for workers
  std::string operators{};   ///< for commands
  std::string events{};      ///< for whoever wants to see
  std::string public_key{};  ///< its own, Z85; "": it has none, and is reached without encryption
  friend bool operator==(const SchedulerAddress&, const SchedulerAddress&) = default;
};

/// A pair of CURVE keys, Z85. Without a secret there is none.
struct CurveKey {
  std::string public_key{};
  std::string secret_key{};
  [[nodiscard]] bool is_there() const { return !secret_key.empty(); }
};

/// A socket could not be opened, or broke.
struct BusError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Which socket of a scheduler something came through.
enum class Door { workers, operators };

/// A frame that somebody allowed has sent.
struct Letter {
  Door door = Door::workers;
  std::string from{};  ///< where an answer goes to; means nothing else, and is no identity
  std::string key{};   ///< the name of the sender's key; "" on an endpoint without keys
  std::string frame{};
};

/// The sockets of a scheduler that open() left open.
struct OpenSockets {
  SchedulerAddress address{};
  bool is_anew = false;  ///< no connection from before is left
};

/// A scheduler's sockets.
class ControlServer {
 public:
  virtual ~ControlServer() = default;

  /// Opens what is configured, for these keys. Does nothing but keep the keys when it is open,
  /// unless one was revoked: then every connection is closed, and whoever may still come comes
  /// back by itself. Where the sockets are now, with the ports that the system chose.
  virtual OpenSockets open(const KeyRing& keys) = 0;
  virtual void close() noexcept = 0;

  /// What has come, after at most `duration`; sooner when `wake_fd` can be read. At most 1000.
  virtual std::vector<Letter> receive(std::chrono::milliseconds duration, int wake_fd) = 0;
  /// False when it is gone, or takes nothing at the moment: what was to be said is lost then.
  virtual bool send(Door door, const std::string& to, const std::string& frame) = 0;
  /// To every subscriber of the topic, or of the beginning of it; lost for who is not there.
  virtual void publish(const std::string& topic, const std::string& frame) = 0;
};

/// A worker's connections to all schedulers.
class ControlClient {
 public:
  virtual ~ControlClient() = default;

  /// Connects to those that are new and may be trusted, leaves those that are not named any more.
  /// How many there are now.
  virtual std::size_t connect(const std::vector<SchedulerAddress>& schedulers) = 0;
  /// Ends the connection to one, so that the next connect() makes a new one: whoever was refused
  /// once is not tried again by ZeroMQ itself.
  virtual void leave(const std::string& holder) = 0;
  /// Frames with the holder of the scheduler that sent each; otherwise as ControlServer::receive.
  virtual std::vector<std::pair<std::string, std::string>> receive(
      std::chrono::milliseconds duration, int wake_fd) = 0;
  /// False when there is no connection to it right now.
  virtual bool send(const std::string& holder, const std::string& frame) = 0;
  /// To every scheduler that can be reached right now.
  virtual void send_all(const std::string& frame) = 0;
};

/// A subscription to the events of one scheduler.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// The frames that have come, after at most `duration`; empty when none did. At most 1000.
  virtual std::vector<std::string> receive(std::chrono::milliseconds duration) = 0;
};

}  // namespace lethe
