#include "common/transport/zmq_control_client.hpp"

#include "common/logging.hpp"
#include "common/transport/sockets.hpp"

namespace lethe::transport {

namespace {

constexpr std::size_t frames_max = 1'000;
constexpr std::size_t schedulers_max = 16;

}  // namespace

bool may_connect(const std::string& endpoint, const std::string& server_key, const CurveKey& own,
                 bool allow_plain) {
  if (!is_remote(endpoint)) return endpoint.rfind("ipc://", 0) == 0;
  return server_key.empty() ? allow_plain : own.is_there();
}

struct ZmqControlClient::Sockets {
  struct Line {
    SchedulerAddress address;
    zmq::socket_t socket;
  };
  zmq::context_t context;             // first: it waits for its sockets when it ends
  std::map<std::string, Line> lines;  ///< by holder

  void add(const SchedulerAddress& address, const CurveKey& own) {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    set_limits(socket);
    // Nothing is queued for a scheduler that is not there: what is old is of no use.
    socket.set(zmq::sockopt::immediate, true);
    show_key(socket, own, is_remote(address.workers) ? address.public_key : "");
    socket.connect(address.workers);
    lines.emplace(address.holder, Line{address, std::move(socket)});
  }
};

ZmqControlClient::ZmqControlClient(CurveKey own, bool allow_plain)
    : own_(std::move(own)), allow_plain_(allow_plain) {}

ZmqControlClient::~ZmqControlClient() = default;

std::size_t ZmqControlClient::connect(const std::vector<SchedulerAddress>& schedulers) {
  return guarded("cannot connect to a scheduler", [&]() -> std::size_t {
    std::map<std::string, SchedulerAddress> wanted;
    for (const SchedulerAddress& address : schedulers) {
      if (address.workers.empty() || wanted.size() >= schedulers_max) continue;
      if (may_connect(address.workers, address.public_key, own_, allow_plain_)) {
        wanted[address.holder] = address;
      } else if (told_.size() < schedulers_max && told_.insert(address.holder).second) {
        log_event(LogLevel::warn, "scheduler_not_trusted",
                  {{"holder", address.holder},
                   {"endpoint", address.workers},
                   {"cure", own_.is_there() ? "give the scheduler a control_key_file"
                                            : "set control_key_file and allow its key"}});
      }
    }
    if (sockets_ == nullptr && wanted.empty()) return 0;
    if (sockets_ == nullptr) sockets_ = std::make_unique<Sockets>();
    std::erase_if(sockets_->lines, [&](const auto& line) {
      const auto still = wanted.find(line.first);
      return still == wanted.end() || !(still->second == line.second.address);
    });
    for (const auto& [holder, address] : wanted)
      if (sockets_->lines.count(holder) == 0) try_add(address);
    return sockets_->lines.size();
  });
}

void ZmqControlClient::try_add(const SchedulerAddress& address) {
  try {
    sockets_->add(address, own_);
  } catch (const zmq::error_t& error) {
    // The row of one scheduler must not keep a worker from the others.
    if (told_.size() >= schedulers_max || !told_.insert(address.holder).second) return;
    log_event(LogLevel::warn, "scheduler_address_bad",
              {{"holder", address.holder}, {"endpoint", address.workers}, {"error", error.what()}});
  }
}

void ZmqControlClient::leave(const std::string& holder) {
  if (sockets_ != nullptr) sockets_->lines.erase(holder);
}

std::vector<std::pair<std::string, std::string>> ZmqControlClient::receive(
    std::chrono::milliseconds duration, int wake_fd) {
  return guarded("connections to schedulers", [&] {
    std::vector<zmq::pollitem_t> waits{{nullptr, wake_fd, ZMQ_POLLIN, 0}};
    if (sockets_ != nullptr)
      for (auto& [holder, line] : sockets_->lines)
        waits.push_back({line.socket.handle(), 0, ZMQ_POLLIN, 0});
    wait_for(waits, duration);
    std::vector<std::pair<std::string, std::string>> frames;
    if (sockets_ == nullptr) return frames;
    for (auto& [holder, line] : sockets_->lines) {
      while (frames.size() < frames_max) {
        const auto parts = receive_now(line.socket, 1);
        if (parts.empty()) break;
        if (parts.size() == 1) frames.emplace_back(holder, text_of(parts.front()));
      }
    }
    return frames;
  });
}

bool ZmqControlClient::send(const std::string& holder, const std::string& frame) {
  if (sockets_ == nullptr) return false;
  const auto line = sockets_->lines.find(holder);
  if (line == sockets_->lines.end()) return false;
  return guarded("connections to schedulers", [&] {
    return line->second.socket.send(zmq::buffer(frame), zmq::send_flags::dontwait).has_value();
  });
}

void ZmqControlClient::send_all(const std::string& frame) {
  if (sockets_ == nullptr) return;
  for (const auto& [holder, line] : sockets_->lines) static_cast<void>(send(holder, frame));
}

}  // namespace lethe::transport
