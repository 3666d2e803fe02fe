#include "common/transport/zmq_control_access.hpp"

#include "common/transport/curve_key_file.hpp"
#include "common/transport/zmq_control_client.hpp"
#include "common/transport/zmq_event_source.hpp"

namespace lethe::transport {

std::string ZmqControlAccess::make_key_file(const std::string& file) {
  const CurveKey key = generate_key();
  write_key_file(file, key);
  return key.public_key;
}

std::string ZmqControlAccess::public_key_in(const std::string& file) {
  return read_key_file(file).public_key;
}

bool ZmqControlAccess::is_public_key(const std::string& text) const {
  return transport::is_public_key(text);
}

bool ZmqControlAccess::can_subscribe(const SchedulerAddress& scheduler, const std::string& file,
                                     bool allow_plain) const {
  if (scheduler.events.empty()) return false;
  const CurveKey own{.public_key = "", .secret_key = file};  // only whether there is one counts
  return may_connect(scheduler.events, scheduler.public_key, own, allow_plain);
}

std::unique_ptr<EventSource> ZmqControlAccess::subscribe(const SchedulerAddress& scheduler,
                                                         const std::string& file,
                                                         const std::string& topic) {
  const CurveKey own = file.empty() ? CurveKey{} : read_key_file(file);
  return std::make_unique<ZmqEventSource>(scheduler, own, topic);
}

}  // namespace lethe::transport
