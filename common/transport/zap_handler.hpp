#pragma once

// Private to common/transport.

#include <map>
#include <zmq.hpp>

#include "common/transport/gatekeeper.hpp"

namespace lethe::transport {

/// Answers the socket library's question who may come in (ZAP, RFC 27), for one context. Used by
/// the thread that owns the sockets, which calls answer() whenever socket() can be read; until then
/// a handshake waits. The name of the key becomes the User-Id of each message.
class ZapHandler {
 public:
  /// Opens the handler's socket; before any other one is bound. Throws zmq::error_t.
  explicit ZapHandler(zmq::context_t& context);

  /// Which gates ask for keys; one that is not named here is closed to everybody.
  void set_gate(Gate gate, bool has_keys) { gates_[gate] = has_keys; }
  void set_keys(KeyRing keys) { keys_ = std::move(keys); }

  [[nodiscard]] zmq::socket_t& socket() noexcept { return socket_; }
  /// Answers every question that waits.
  void answer();

 private:
  [[nodiscard]] std::optional<std::string> judge(const std::vector<zmq::message_t>& question) const;

  zmq::socket_t socket_;
  std::map<Gate, bool> gates_;
  KeyRing keys_;
};

}  // namespace lethe::transport
