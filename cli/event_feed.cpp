#include "cli/event_feed.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/schedule/schedule.hpp"
#include "common/store_error.hpp"
#include "proto/control_codec.hpp"
#include "proto/control_fields.hpp"

namespace lethe::cli {
namespace {

constexpr std::chrono::seconds silence{10};
constexpr std::size_t twice_max = 1'000;  // then the new subscription is the one that is deaf

std::pair<std::uint64_t, std::uint64_t> mark_of(const wire::Envelope& event) {
  return {event.sequence, event.at_ms};
}

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
        return services_.control().can_subscribe(one, options_.key_file, options_.allow_plain);
      });
  if (found == schedulers.end()) return false;
  auto fresh = services_.control().subscribe(*found, options_.key_file, options_.topic);
  if (*found == address_) {
    previous_ = std::move(source_);
  } else {
    previous_.reset();
    address_ = *found;
  }
  twice_.clear();
  source_ = std::move(fresh);
  return true;
}

void EventFeed::look_again() {
  try {
    static_cast<void>(connect());
  } catch (const StoreError&) {  // what is subscribed goes on; the next look is after as long
  } catch (const BusError&) {
  }
}

std::vector<wire::Envelope> EventFeed::take(EventSource& source,
                                            std::chrono::milliseconds duration) {
  std::vector<wire::Envelope> events;
  for (const std::string& frame : source.receive(duration)) {
    heard_at_ = services_.environment().clock.now();
    auto decoded = wire::decode(frame);
    if (auto* envelope = std::get_if<wire::Envelope>(&decoded))
      events.push_back(std::move(*envelope));
  }
  return events;
}

std::vector<wire::Envelope> EventFeed::receive(std::chrono::milliseconds duration) {
  // Silence may mean that nothing happens, that this scheduler is gone, or that it refused the key
  // before it was allowed.
  if (source_ == nullptr || services_.environment().clock.now() - heard_at_ > silence) look_again();
  if (source_ == nullptr) return {};
  std::vector<wire::Envelope> fresh = take(*source_, duration);
  std::vector<wire::Envelope> events;
  if (previous_ != nullptr) events = take(*previous_, std::chrono::milliseconds(0));
  for (const wire::Envelope& event : events) twice_.insert(mark_of(event));
  if (!fresh.empty()) {
    previous_.reset();  // whatever comes from now on comes through the new subscription
  } else if (twice_.size() > twice_max) {
    source_ = std::move(previous_);
    twice_.clear();
  }
  for (wire::Envelope& event : fresh)
    if (twice_.erase(mark_of(event)) == 0) events.push_back(std::move(event));
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
