#include "cli/event_feed.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/schedule/schedule.hpp"
#include "proto/control_codec.hpp"
#include "proto/control_fields.hpp"

namespace lethe::cli {
namespace {

constexpr std::chrono::seconds silence{10};

/// Puts the fields of a message into an object.
struct JsonFields {
  nlohmann::ordered_json& object;

  template <class Value>
  void operator()(std::string_view key, const Value& value) {
    object[std::string(key)] = value;
  }
  void operator()(std::string_view, wire::TaskProgress& task) { wire::fields(*this, task); }
  void operator()(std::string_view key, const std::vector<wire::TaskProgress>& tasks) {
    object[std::string(key)] = tasks.size();
  }
};

}  // namespace

bool EventFeed::connect() {
  heard_at_ = services_.environment().clock.now();
  const auto schedulers = services_.stores().schedulers.live();
  const auto found =
      std::find_if(schedulers.begin(), schedulers.end(), [&](const SchedulerAddress& one) {
        return services_.control().can_subscribe(one, key_file_);
      });
  if (found == schedulers.end()) return false;
  source_ = services_.control().subscribe(*found, key_file_, topic_);
  return true;
}

std::vector<wire::Envelope> EventFeed::receive(std::chrono::milliseconds duration) {
  Clock& clock = services_.environment().clock;
  // Silence may mean that nothing happens, that this scheduler is gone, or that it refused the key
  // before it was allowed.
  if (source_ == nullptr || clock.now() - heard_at_ > silence) static_cast<void>(connect());
  std::vector<wire::Envelope> events;
  if (source_ == nullptr) return events;
  for (const std::string& frame : source_->receive(duration)) {
    heard_at_ = clock.now();
    auto decoded = wire::decode(frame);
    if (auto* envelope = std::get_if<wire::Envelope>(&decoded))
      events.push_back(std::move(*envelope));
  }
  return events;
}

std::string event_line(const wire::Envelope& envelope) {
  nlohmann::ordered_json object;
  object["at"] = to_iso8601(Instant(std::chrono::milliseconds(envelope.at_ms)));
  object["event"] = wire::type_of(envelope.message);
  JsonFields json{object};
  std::visit([&json](auto message) { wire::fields(json, message); }, envelope.message);
  return object.dump() + "\n";
}

}  // namespace lethe::cli
