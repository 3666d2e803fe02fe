#pragma once

// Private to common/transport: here ZeroMQ is visible.

#include <chrono>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "common/control/control_bus.hpp"

namespace lethe::transport {

/// Whether an endpoint leaves the machine, so that it needs keys.
[[nodiscard]] inline bool is_remote(const std::string& endpoint) {
  return endpoint.rfind("tcp://", 0) == 0;
}

/// Limits that every socket has: nothing lingers, queues are short, long frames and slow
/// handshakes end the connection, a peer that is silent for 15 s is gone.
void set_limits(zmq::socket_t& socket);

/// Makes a bound socket ask for keys and the gatekeeper, by the name of its gate; without a key it
/// asks the gatekeeper alone.
void guard(zmq::socket_t& socket, const std::string& gate, const CurveKey& own);

/// How a connecting socket shows its key to a server with `server_key`; "" on both sides is plain.
void show_key(zmq::socket_t& socket, const CurveKey& own, const std::string& server_key);

/// Waits until one of `items` can be read, for at most `duration`; a signal ends it as well.
void wait_for(std::vector<zmq::pollitem_t>& items, std::chrono::milliseconds duration);

/// All parts of the message that waits, or none. Parts after `parts_max` are dropped.
[[nodiscard]] std::vector<zmq::message_t> receive_now(zmq::socket_t& socket, std::size_t parts_max);

/// Sends the parts if the socket takes them at once.
bool send_now(zmq::socket_t& socket, const std::string& first, const std::string& second);

[[nodiscard]] std::string text_of(const zmq::message_t& part);

/// Runs `action` and turns what ZeroMQ throws into BusError.
template <class Action>
auto guarded(const char* what, Action action) {
  try {
    return action();
  } catch (const zmq::error_t& error) {
    throw BusError(std::string(what) + ": " + error.what());
  }
}

}  // namespace lethe::transport
