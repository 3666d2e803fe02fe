#include "common/transport/zmq_event_source.hpp"

#include "common/transport/sockets.hpp"

namespace lethe::transport {

namespace {

constexpr std::size_t frames_max = 1'000;

}  // namespace

struct ZmqEventSource::Socket {
  zmq::context_t context;  // first: it waits for its socket when it ends
  zmq::socket_t sub{context, zmq::socket_type::sub};
};

ZmqEventSource::ZmqEventSource(const SchedulerAddress& scheduler, const CurveKey& own,
                               const std::string& topic) {
  guarded("cannot subscribe to events", [&] {
    socket_ = std::make_unique<Socket>();
    set_limits(socket_->sub);
    show_key(socket_->sub, own, is_remote(scheduler.events) ? scheduler.public_key : "");
    socket_->sub.set(zmq::sockopt::subscribe, topic);
    socket_->sub.connect(scheduler.events);
  });
}

ZmqEventSource::~ZmqEventSource() = default;

std::vector<std::string> ZmqEventSource::receive(std::chrono::milliseconds duration) {
  return guarded("events", [&] {
    std::vector<zmq::pollitem_t> waits{{socket_->sub.handle(), 0, ZMQ_POLLIN, 0}};
    wait_for(waits, duration);
    std::vector<std::string> frames;
    while (frames.size() < frames_max) {
      const auto parts = receive_now(socket_->sub, 2);
      if (parts.empty()) break;
      if (parts.size() == 2) frames.push_back(text_of(parts.at(1)));
    }
    return frames;
  });
}

}  // namespace lethe::transport
