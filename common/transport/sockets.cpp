#include "common/transport/sockets.hpp"

#include "proto/control_messages.hpp"

namespace lethe::transport {

namespace {

constexpr int queue_messages_max = 1'000;
constexpr int handshake_ms = 5'000;
constexpr int ping_ms = 5'000;
constexpr int silence_ms = 15'000;
constexpr int reconnect_ms = 100;
constexpr int reconnect_max_ms = 5'000;

}  // namespace

void set_limits(zmq::socket_t& socket) {
  namespace option = zmq::sockopt;
  socket.set(option::linger, 0);
  socket.set(option::sndhwm, queue_messages_max);
  socket.set(option::rcvhwm, queue_messages_max);
  socket.set(option::maxmsgsize, static_cast<std::int64_t>(wire::frame_bytes_max));
  socket.set(option::handshake_ivl, handshake_ms);
  socket.set(option::heartbeat_ivl, ping_ms);
  socket.set(option::heartbeat_timeout, silence_ms);
  socket.set(option::heartbeat_ttl, silence_ms);
  socket.set(option::tcp_keepalive, 1);
  socket.set(option::reconnect_ivl, reconnect_ms);
  socket.set(option::reconnect_ivl_max, reconnect_max_ms);
  socket.set(option::ipv6, 1);
}

void guard(zmq::socket_t& socket, const std::string& gate, const CurveKey& own) {
  socket.set(zmq::sockopt::zap_domain, gate);
  if (!own.is_there()) return;
  socket.set(zmq::sockopt::curve_server, 1);
  socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
}

void show_key(zmq::socket_t& socket, const CurveKey& own, const std::string& server_key) {
  if (server_key.empty()) return;
  socket.set(zmq::sockopt::curve_serverkey, server_key);
  socket.set(zmq::sockopt::curve_publickey, own.public_key);
  socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
}

void wait_for(std::vector<zmq::pollitem_t>& items, std::chrono::milliseconds duration) {
  try {
    zmq::poll(items, duration);
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw;  // such as a stop and its end: the caller comes again
  }
}

std::vector<zmq::message_t> receive_now(zmq::socket_t& socket, std::size_t parts_max) {
  std::vector<zmq::message_t> parts;
  bool more = true;
  while (more) {
    zmq::message_t part;
    if (!socket.recv(part, zmq::recv_flags::dontwait)) break;
    more = part.more();
    if (parts.size() <= parts_max) parts.push_back(std::move(part));
  }
  return parts;
}

bool send_now(zmq::socket_t& socket, const std::string& first, const std::string& second) {
  // An error in the middle of a message would leave half of it to the next one; ZeroMQ takes the
  // second part of a message whose first one it took.
  if (!socket.send(zmq::buffer(first), zmq::send_flags::sndmore | zmq::send_flags::dontwait))
    return false;
  return socket.send(zmq::buffer(second), zmq::send_flags::dontwait).has_value();
}

std::string text_of(const zmq::message_t& part) {
  return {static_cast<const char*>(part.data()), part.size()};
}

}  // namespace lethe::transport
