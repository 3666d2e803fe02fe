#pragma once

#include <poll.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/control/control_bus.hpp"
#include "common/control/control_store.hpp"
#include "common/store_error.hpp"
#include "proto/control_codec.hpp"

namespace lethe::test {

/// Waits like a socket to which nobody says anything.
inline void wait_for_bell(std::chrono::milliseconds duration, int fd) {
  pollfd wait{fd, POLLIN, 0};
  poll(&wait, 1, static_cast<int>(duration.count()));
}

inline wire::Message message_of(const std::string& frame) {
  return std::get<wire::Envelope>(wire::decode(frame)).message;
}

/// A scheduler's sockets in memory. Never waits.
class MemoryControlServer final : public ControlServer {
 public:
  OpenSockets open(const KeyRing& ring) override {
    if (failures > 0) {
      --failures;
      throw BusError("address in use");
    }
    const bool revokes = std::any_of(keys.begin(), keys.end(), [&](const AllowedKey& key) {
      return std::find(ring.begin(), ring.end(), key) == ring.end();
    });
    const bool is_anew = opened++ == 0 || revokes;
    keys = ring;
    return {.address = {.workers = "tcp://h:1", .operators = "tcp://h:2", .events = "tcp://h:3"},
            .is_anew = is_anew};
  }
  void close() noexcept override { ++closed; }
  std::vector<Letter> receive(std::chrono::milliseconds, int) override {
    if (while_waiting) while_waiting();
    return std::exchange(letters, {});
  }
  bool send(Door door, const std::string& to, const std::string& frame) override {
    if (gone.count(to) > 0) return false;
    sent[(door == Door::workers ? "worker " : "operator ") + to].push_back(frame);
    return true;
  }
  void publish(const std::string& topic, const std::string& frame) override {
    published.emplace_back(topic, frame);
  }

  void say(Door door, const std::string& from, const wire::Envelope& envelope,
           const std::string& key = "k") {
    letters.push_back({.door = door, .from = from, .key = key, .frame = wire::encode(envelope)});
  }
  /// How many messages of that type went to a connection.
  template <class Message>
  [[nodiscard]] std::size_t count(const std::string& to) const {
    const auto found = sent.find(to);
    if (found == sent.end()) return 0;
    return static_cast<std::size_t>(
        std::count_if(found->second.begin(), found->second.end(), [](const std::string& frame) {
          return std::holds_alternative<Message>(message_of(frame));
        }));
  }

  std::function<void()> while_waiting{};
  KeyRing keys;
  int opened = 0;
  int closed = 0;
  int failures = 0;
  std::vector<Letter> letters;
  std::set<std::string> gone;
  std::map<std::string, std::vector<std::string>> sent;
  std::vector<std::pair<std::string, std::string>> published;
};

/// A worker's connections in memory. Waits for the bell alone, so that it can be given to a thread.
class MemoryControlClient final : public ControlClient {
 public:
  std::size_t connect(const std::vector<SchedulerAddress>& addresses) override {
    schedulers = addresses;
    return addresses.size();
  }
  std::vector<std::pair<std::string, std::string>> receive(std::chrono::milliseconds duration,
                                                           int wake_fd) override {
    if (waits) wait_for_bell(duration, wake_fd);
    return std::exchange(incoming, {});
  }
  void leave(const std::string& holder) override { left.push_back(holder); }
  bool send(const std::string& holder, const std::string& frame) override {
    if (deaf.count(holder) > 0) return false;
    sent.emplace_back(holder, frame);
    return true;
  }
  void send_all(const std::string& frame) override {
    for (const SchedulerAddress& one : schedulers) send(one.holder, frame);
  }
  void hear(const std::string& holder, wire::Message message) {
    incoming.emplace_back(holder, wire::encode({.message = std::move(message)}));
  }

  bool waits = true;
  std::set<std::string> deaf;  ///< that take nothing
  std::vector<SchedulerAddress> schedulers;
  std::vector<std::string> left;
  std::vector<std::pair<std::string, std::string>> incoming;
  std::vector<std::pair<std::string, std::string>> sent;
};

}  // namespace lethe::test
