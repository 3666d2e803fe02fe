#include "common/transport/zmq_control_server.hpp"

#include <algorithm>
#include <optional>

#include "common/logging.hpp"
#include "common/transport/sockets.hpp"
#include "common/transport/zap_handler.hpp"

namespace lethe::transport {

namespace {

constexpr std::size_t letters_max = 1'000;
// Of one peer, so that many of them with large frames take no gigabytes. Whoever has more to say
// waits, which only a flood does: the thread that owns the sockets reads them all the time.
constexpr int waiting_letters_max = 50;

bool is_revoked(const AllowedKey& key, const KeyRing& keys) {
  return std::find(keys.begin(), keys.end(), key) == keys.end();
}

/// The endpoint with another host.
std::string with_host(const std::string& endpoint, const std::string& host) {
  if (host.empty() || !is_remote(endpoint)) return endpoint;
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return "tcp://" + name + endpoint.substr(endpoint.rfind(':'));
}

}  // namespace

/// All sockets, in one context so that the handler answers for them. The context waits for its
/// sockets when it ends, so it is the first member.
struct ZmqControlServer::Sockets {
  zmq::context_t context;
  ZapHandler zap{context};
  std::optional<zmq::socket_t> workers;
  std::optional<zmq::socket_t> operators;
  std::optional<zmq::socket_t> events;

  /// Binds a socket and returns where; "" without an endpoint.
  std::string bind(std::optional<zmq::socket_t>& socket, zmq::socket_type type, Gate gate,
                   const std::string& endpoint, const CurveKey& key) {
    if (endpoint.empty()) return "";
    const CurveKey asked = is_remote(endpoint) ? key : CurveKey{};
    socket.emplace(context, type);
    set_limits(*socket);
    guard(*socket, std::string(to_string(gate)), asked);
    if (type == zmq::socket_type::router) {
      socket->set(zmq::sockopt::router_mandatory, true);
      socket->set(zmq::sockopt::rcvhwm, waiting_letters_max);
    }
    zap.set_gate(gate, asked.is_there());
    socket->bind(endpoint);
    return socket->get(zmq::sockopt::last_endpoint);
  }

  std::optional<zmq::socket_t>& of(Door door) {
    return door == Door::workers ? workers : operators;
  }
};

ZmqControlServer::ZmqControlServer(ServerOptions options) : options_(std::move(options)) {}

ZmqControlServer::~ZmqControlServer() = default;

OpenSockets ZmqControlServer::open(const KeyRing& keys) {
  const bool some_revoked = std::any_of(
      keys_.begin(), keys_.end(), [&](const AllowedKey& key) { return is_revoked(key, keys); });
  keys_ = keys;
  // The library cannot close a single connection, so all of them go.
  if (some_revoked && sockets_ != nullptr) close();
  const bool is_anew = sockets_ == nullptr;
  return guarded("cannot open the control sockets", [&] {
    if (sockets_ == nullptr) {
      // The same ports as before, so that whoever was connected finds back.
      const auto again = [](const std::string& bound, const std::string& wanted) {
        return bound.empty() ? wanted : bound;
      };
      auto fresh = std::make_unique<Sockets>();
      fresh->zap.set_keys(keys_);
      bound_.workers = fresh->bind(fresh->workers, zmq::socket_type::router, Gate::workers,
                                   again(bound_.workers, options_.workers), options_.key);
      bound_.operators = fresh->bind(fresh->operators, zmq::socket_type::router, Gate::operators,
                                     again(bound_.operators, options_.operators), options_.key);
      bound_.events = fresh->bind(fresh->events, zmq::socket_type::pub, Gate::events,
                                  again(bound_.events, options_.events), options_.key);
      bound_.public_key = options_.key.public_key;
      sockets_ = std::move(fresh);
    }
    sockets_->zap.set_keys(keys_);
    return OpenSockets{.address = {.workers = with_host(bound_.workers, options_.host),
                                   .operators = with_host(bound_.operators, options_.host),
                                   .events = with_host(bound_.events, options_.host),
                                   .public_key = bound_.public_key},
                       .is_anew = is_anew};
  });
}

void ZmqControlServer::close() noexcept { sockets_.reset(); }

namespace {

/// What waits at a ROUTER: [route, frame], and the key's name as the handler said it. What has
/// another number of parts is none of ours.
void take_letters(zmq::socket_t& socket, Door door, std::vector<Letter>& letters) {
  while (letters.size() < letters_max) {
    const auto parts = receive_now(socket, 2);
    if (parts.empty()) return;
    if (parts.size() != 2) continue;
    const char* const user = zmq_msg_gets(parts.at(1).handle(), "User-Id");
    letters.push_back({.door = door,
                       .from = text_of(parts.at(0)),
                       .key = user == nullptr ? "" : user,
                       .frame = text_of(parts.at(1))});
  }
}

}  // namespace

std::vector<Letter> ZmqControlServer::receive(std::chrono::milliseconds duration, int wake_fd) {
  if (sockets_ == nullptr) throw BusError("the control sockets are not open");
  return guarded("control sockets", [&] {
    std::vector<zmq::pollitem_t> waits{{nullptr, wake_fd, ZMQ_POLLIN, 0},
                                       {sockets_->zap.socket().handle(), 0, ZMQ_POLLIN, 0}};
    for (auto* socket : {&sockets_->workers, &sockets_->operators})
      if (*socket) waits.push_back({(*socket)->handle(), 0, ZMQ_POLLIN, 0});
    wait_for(waits, duration);
    sockets_->zap.answer();
    std::vector<Letter> letters;
    if (sockets_->operators) take_letters(*sockets_->operators, Door::operators, letters);
    if (sockets_->workers) take_letters(*sockets_->workers, Door::workers, letters);
    return letters;
  });
}

bool ZmqControlServer::send(Door door, const std::string& to, const std::string& frame) {
  if (sockets_ == nullptr || !sockets_->of(door)) return false;
  try {
    return send_now(*sockets_->of(door), to, frame);
  } catch (const zmq::error_t& error) {
    if (error.num() == EHOSTUNREACH) return false;
    throw BusError(std::string("control sockets: ") + error.what());
  }
}

void ZmqControlServer::publish(const std::string& topic, const std::string& frame) {
  if (sockets_ == nullptr || !sockets_->events) return;
  guarded("control sockets", [&] { send_now(*sockets_->events, topic, frame); });
}

}  // namespace lethe::transport
