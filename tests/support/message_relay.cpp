// Stands between the schedulers of a test and everybody who talks to them, and ruins what they say.
//
//   message_relay damaged|mute FRONT BACK PORT
//
// Binds PORT (workers), PORT + 1 (operators) and PORT + 2 (events) of the address FRONT. "damaged"
// passes messages to and from the same ports of BACK, but for the tenth each that it sends twice,
// late and so after a newer one, cut, with wrong bytes, or replaced by noise, and some it loses.
// "mute" takes connections and never says a word, as a port does that a firewall ruins.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

namespace {

constexpr int gates = 3;
constexpr std::size_t noise_bytes_max = 300;

class Damage {
 public:
  explicit Damage(unsigned seed) : random_(seed) {}

  /// What arrives of a frame: nothing, something, more than there was.
  std::vector<std::string> pass(std::string frame) {
    switch (below(10)) {
      case 0: return {frame, frame};
      case 1:
        if (!late_) {
          late_ = std::move(frame);
          return {};
        }
        return {std::move(frame), *std::exchange(late_, std::nullopt)};
      case 2: return {frame.substr(0, below(frame.size() + 1))};
      case 3:
        for (std::size_t i = 0; i < 1 + below(4) && !frame.empty(); ++i)
          frame.at(below(frame.size())) = static_cast<char>(below(256));
        return {frame};
      case 4: return {noise()};
      case 5:
        if (below(2) == 0) return {};
        return {frame};
      default: return {frame};
    }
  }

 private:
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

  std::string noise() {
    std::string bytes(below(noise_bytes_max), '\0');
    for (char& byte : bytes) byte = static_cast<char>(below(256));
    return bytes;
  }

  std::mt19937 random_;
  std::optional<std::string> late_;
};

struct Way {
  std::string front;
  std::string back;
  int port = 0;

  [[nodiscard]] std::string front_of(int gate) const {
    return fmt::format("tcp://{}:{}", front, port + gate);
  }
  [[nodiscard]] std::string back_of(int gate) const {
    return fmt::format("tcp://{}:{}", back, port + gate);
  }
};

std::vector<std::string> receive(zmq::socket_t& socket) {
  std::vector<std::string> parts;
  do {
    zmq::message_t part;
    if (!socket.recv(part, zmq::recv_flags::dontwait)) break;
    parts.push_back(part.to_string());
  } while (socket.get(zmq::sockopt::rcvmore));
  return parts;
}

void send(zmq::socket_t& socket, const std::string& first, const std::string& second) {
  static_cast<void>(socket.send(zmq::buffer(first), zmq::send_flags::sndmore));
  static_cast<void>(socket.send(zmq::buffer(second), zmq::send_flags::dontwait));
}

/// A ROUTER in front, and for each peer that came to it a DEALER at the back, so that the scheduler
/// tells them apart as it does without a relay.
class Dialogue {
 public:
  Dialogue(zmq::context_t& context, const Way& way, int gate)
      : context_(context), back_(way.back_of(gate)), front_(context, zmq::socket_type::router) {
    front_.set(zmq::sockopt::linger, 0);
    front_.bind(way.front_of(gate));
  }

  void pass_all(Damage& damage) {
    while (true) {
      const auto parts = receive(front_);
      if (parts.size() < 2) break;
      for (const std::string& frame : damage.pass(parts.at(1)))
        static_cast<void>(peer(parts.at(0)).send(zmq::buffer(frame), zmq::send_flags::dontwait));
    }
    for (auto& [identity, socket] : peers_)
      for (auto parts = receive(socket); !parts.empty(); parts = receive(socket))
        for (const std::string& frame : damage.pass(parts.at(0))) send(front_, identity, frame);
  }

  void add_to(std::vector<zmq::pollitem_t>& items) {
    items.push_back({front_.handle(), 0, ZMQ_POLLIN, 0});
    for (auto& [identity, socket] : peers_) items.push_back({socket.handle(), 0, ZMQ_POLLIN, 0});
  }

 private:
  zmq::socket_t& peer(const std::string& identity) {
    const auto found = peers_.find(identity);
    if (found != peers_.end()) return found->second;
    zmq::socket_t socket(context_, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.connect(back_);
    return peers_.emplace(identity, std::move(socket)).first->second;
  }

  zmq::context_t& context_;
  const std::string back_;
  zmq::socket_t front_;
  std::map<std::string, zmq::socket_t> peers_;
};

[[noreturn]] void relay_damaged(const Way& way) {
  zmq::context_t context;
  Damage damage(std::random_device{}());
  Dialogue workers(context, way, 0);
  Dialogue operators(context, way, 1);
  zmq::socket_t source(context, zmq::socket_type::sub);
  source.set(zmq::sockopt::subscribe, "");
  source.connect(way.back_of(2));
  zmq::socket_t events(context, zmq::socket_type::pub);
  events.bind(way.front_of(2));
  while (true) {
    std::vector<zmq::pollitem_t> items{{source.handle(), 0, ZMQ_POLLIN, 0}};
    workers.add_to(items);
    operators.add_to(items);
    zmq::poll(items, std::chrono::milliseconds(1'000));
    workers.pass_all(damage);
    operators.pass_all(damage);
    for (auto parts = receive(source); parts.size() == 2; parts = receive(source))
      for (const std::string& frame : damage.pass(parts.at(1))) send(events, parts.at(0), frame);
  }
}

[[noreturn]] void stay_mute(const Way& way) {
  for (int gate = 0; gate < gates; ++gate) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(way.port + gate));
    inet_pton(AF_INET, way.front.c_str(), &address.sin_addr);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, SOMAXCONN) != 0)
      throw std::runtime_error(fmt::format("cannot listen: {}", std::strerror(errno)));
  }
  while (true) pause();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 5) throw std::runtime_error("damaged|mute FRONT BACK PORT");
    const Way way{.front = argv[2], .back = argv[3], .port = std::atoi(argv[4])};
    if (std::string(argv[1]) == "damaged") relay_damaged(way);
    if (std::string(argv[1]) == "mute") stay_mute(way);
    throw std::runtime_error("damaged|mute FRONT BACK PORT");
  } catch (const std::exception& error) {
    fmt::print(stderr, "message_relay: {}\n", error.what());
    return 1;
  }
}
