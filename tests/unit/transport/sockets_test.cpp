// Real sockets on this machine: who gets in, who gets nothing, what hostile peers can do.

#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <zmq.hpp>

#include "common/mailbox.hpp"
#include "common/transport/curve_key_file.hpp"
#include "common/transport/zmq_control_access.hpp"
#include "common/transport/zmq_control_client.hpp"
#include "common/transport/zmq_control_server.hpp"
#include "common/transport/zmq_event_source.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;
using namespace lethe::transport;
using namespace std::chrono_literals;

namespace {

using Steady = std::chrono::steady_clock;

/// A scheduler's sockets with a key of each role, used by the test's own thread.
struct Station {
  CurveKey server_key = generate_key();
  CurveKey worker = generate_key();
  CurveKey ana = generate_key();
  CurveKey viewer = generate_key();
  Bell bell;
  ZmqControlServer server;
  KeyRing keys;
  SchedulerAddress address;

  explicit Station(bool with_keys = true)
      : server({.workers = "tcp://127.0.0.1:*",
                .operators = "tcp://127.0.0.1:*",
                .events = "tcp://127.0.0.1:*",
                .host = "",
                .key = with_keys ? server_key : CurveKey{}}),
        keys{{.name = "w", .public_key = worker.public_key, .role = KeyRole::worker},
             {.name = "ana", .public_key = ana.public_key, .role = KeyRole::operator_of},
             {.name = "v", .public_key = viewer.public_key, .role = KeyRole::viewer}},
        address(server.open(keys).address) {
    address.holder = "s";
  }

  /// What comes within `limit`, at least one letter if any does.
  std::vector<Letter> hear(std::chrono::milliseconds limit) {
    const auto end = Steady::now() + limit;
    while (Steady::now() < end) {
      auto letters = server.receive(10ms, bell.fd());
      if (!letters.empty()) return letters;
    }
    return {};
  }
};

/// A worker that connects to the station and says hello again and again until it is heard.
std::optional<Letter> greet(Station& station, const CurveKey& key,
                            std::chrono::milliseconds limit = 3s) {
  ZmqControlClient client(key, false);
  if (client.connect({station.address}) == 0) return std::nullopt;
  const auto end = Steady::now() + limit;
  while (Steady::now() < end) {
    static_cast<void>(client.send("s", "hello"));
    auto letters = station.hear(20ms);
    if (!letters.empty()) return letters.front();
  }
  return std::nullopt;
}

/// What a raw DEALER with these keys gets through to a door; nothing is the promise for most.
bool gets_in(Station& station, const std::string& endpoint, const CurveKey* key,
             const std::string& server_key, std::chrono::milliseconds limit = 400ms) {
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  if (key != nullptr) {
    socket.set(zmq::sockopt::curve_serverkey, server_key);
    socket.set(zmq::sockopt::curve_publickey, key->public_key);
    socket.set(zmq::sockopt::curve_secretkey, key->secret_key);
  }
  socket.connect(endpoint);
  static_cast<void>(socket.send(zmq::str_buffer("hello"), zmq::send_flags::dontwait));
  return !station.hear(limit).empty();
}

int port_of(const std::string& endpoint) {
  return std::stoi(endpoint.substr(endpoint.rfind(':') + 1));
}

/// Sends bytes as they are to a port of this machine.
void throw_at(const std::string& endpoint, const std::string& bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port_of(endpoint)));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) [[maybe_unused]]
    const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  close(fd);
}

}  // namespace

TEST_CASE("an allowed worker is heard under the name of its key and gets answers", "[transport]") {
  Station station;
  ZmqControlClient client(station.worker, false);
  REQUIRE(client.connect({station.address}) == 1);
  Bell bell;
  std::vector<std::pair<std::string, std::string>> answers;
  for (int i = 0; i < 300 && answers.empty(); ++i) {
    client.send_all("hello");
    for (const Letter& letter : station.hear(10ms)) {
      CHECK(letter.key == "w");
      CHECK(letter.door == Door::workers);
      CHECK(station.server.send(Door::workers, letter.from, "welcome"));
    }
    answers = client.receive(10ms, bell.fd());
  }
  REQUIRE(!answers.empty());
  CHECK(answers.front() == std::pair<std::string, std::string>{"s", "welcome"});
}

TEST_CASE("unknown keys and wrong roles and clients without keys get nothing", "[transport]") {
  Station station;
  CurveKey stranger = generate_key();
  const std::string& server = station.server_key.public_key;
  for (const CurveKey* key : {&stranger, &station.ana, &station.viewer})
    CHECK_FALSE(gets_in(station, station.address.workers, key, server));
  for (const CurveKey* key : {&stranger, &station.worker, &station.viewer})
    CHECK_FALSE(gets_in(station, station.address.operators, key, server));
  CHECK_FALSE(gets_in(station, station.address.workers, nullptr, ""));
  CHECK_FALSE(gets_in(station, station.address.operators, nullptr, ""));
  // The right key for another server.
  CHECK_FALSE(gets_in(station, station.address.workers, &station.worker, stranger.public_key));
  CHECK(gets_in(station, station.address.workers, &station.worker, server, 3s));
  CHECK(gets_in(station, station.address.operators, &station.ana, server, 3s));
}

TEST_CASE("events reach viewers and operators and nobody else", "[transport]") {
  Station station;
  const auto hears = [&](const CurveKey& key, std::chrono::milliseconds limit) {
    SchedulerAddress address = station.address;
    if (!key.is_there()) address.public_key = "";  // a client that knows of no keys
    ZmqEventSource source(address, key, "run.");
    const auto end = Steady::now() + limit;
    while (Steady::now() < end) {
      static_cast<void>(station.server.receive(10ms, station.bell.fd()));  // answers handshakes
      station.server.publish("run.R", "yes");
      station.server.publish("worker.1", "no");
      for (const std::string& frame : source.receive(10ms)) {
        CHECK(frame == "yes");
        return true;
      }
    }
    return false;
  };
  CHECK(hears(station.viewer, 3s));
  CHECK(hears(station.ana, 3s));
  CHECK_FALSE(hears(station.worker, 400ms));
  CHECK_FALSE(hears(generate_key(), 400ms));
  CHECK_FALSE(hears({}, 400ms));
}

TEST_CASE("a revoked key is outside at once and the others come back by themselves",
          "[transport]") {
  Station station;
  const CurveKey second = generate_key();
  station.keys.push_back({.name = "w2", .public_key = second.public_key, .role = KeyRole::worker});
  CHECK(station.server.open(station.keys).address.workers == station.address.workers);
  ZmqControlClient stays(second, false);
  ZmqControlClient goes(station.worker, false);
  stays.connect({station.address});
  goes.connect({station.address});
  const auto heard = [&](const std::string& name, std::chrono::milliseconds limit) {
    const auto end = Steady::now() + limit;
    while (Steady::now() < end) {
      stays.send_all("hello");
      goes.send_all("hello");
      for (const Letter& letter : station.hear(10ms))
        if (letter.key == name) return true;
    }
    return false;
  };
  CHECK(heard("w", 3s));
  CHECK(heard("w2", 3s));
  station.keys.erase(station.keys.begin());
  SchedulerAddress again;
  for (int i = 0; i < 100 && again.workers.empty(); ++i) {
    try {
      again = station.server.open(station.keys).address;
    } catch (const BusError&) {  // the old listener goes in the background
      std::this_thread::sleep_for(20ms);
    }
  }
  CHECK(again.workers == station.address.workers);
  CHECK(heard("w2", 5s));
  CHECK_FALSE(heard("w", 500ms));
}

TEST_CASE("sockets tell whether connections from before are left", "[transport]") {
  Station station;
  CHECK_FALSE(station.server.open(station.keys).is_anew);
  station.keys.push_back({.name = "w2", .public_key = generate_key().public_key});
  CHECK_FALSE(station.server.open(station.keys).is_anew);
  station.keys.pop_back();
  bool is_anew = false;
  for (int i = 0; i < 100 && !is_anew; ++i) {
    try {
      is_anew = station.server.open(station.keys).is_anew;
    } catch (const BusError&) {  // the old listener goes in the background
      std::this_thread::sleep_for(20ms);
    }
  }
  CHECK(is_anew);
}

TEST_CASE("a scheduler whose address is no address keeps nobody from the others", "[transport]") {
  Station station;
  SchedulerAddress bad_key = station.address;
  bad_key.holder = "a";  // comes before the good one
  bad_key.public_key = "no key";
  SchedulerAddress bad_endpoint = station.address;
  bad_endpoint.holder = "b";
  bad_endpoint.workers = "tcp://no port";
  ZmqControlClient client(station.worker, false);
  for (int i = 0; i < 2; ++i) CHECK(client.connect({bad_key, bad_endpoint, station.address}) == 1);
  CHECK_FALSE(client.send("a", "hello"));
}

TEST_CASE("without keys a tcp endpoint is open to plain clients only when nothing asks for them",
          "[transport]") {
  Station open(false);
  CHECK(open.address.public_key.empty());
  CHECK(gets_in(open, open.address.workers, nullptr, "", 3s));
  ZmqControlClient careful({}, false);
  CHECK(careful.connect({open.address}) == 0);
  ZmqControlClient careless({}, true);
  CHECK(careless.connect({open.address}) == 1);
}

TEST_CASE("noise and oversized frames and half messages harm nobody", "[transport]") {
  Station station;
  for (int i = 0; i < 20; ++i) {
    throw_at(station.address.workers, std::string(200, static_cast<char>(i * 37)));
    throw_at(station.address.operators, std::string("\xff\0\0\0\0\0\0\0\x01\x7f", 10));
    throw_at(station.address.events, "GET / HTTP/1.1\r\n\r\n");
  }
  zmq::context_t context;
  zmq::socket_t big(context, zmq::socket_type::dealer);
  big.set(zmq::sockopt::linger, 0);
  big.set(zmq::sockopt::curve_serverkey, station.server_key.public_key);
  big.set(zmq::sockopt::curve_publickey, station.worker.public_key);
  big.set(zmq::sockopt::curve_secretkey, station.worker.secret_key);
  big.connect(station.address.workers);
  big.send(zmq::buffer(std::string(100'000, 'x')), zmq::send_flags::dontwait);
  CHECK(station.hear(300ms).empty());
  // Three parts are no message of ours.
  for (const char* part : {"a", "b"})
    big.send(zmq::buffer(std::string(part)), zmq::send_flags::sndmore);
  big.send(zmq::str_buffer("c"), zmq::send_flags::dontwait);
  CHECK(station.hear(300ms).empty());
  CHECK(greet(station, station.worker).has_value());
}

TEST_CASE("a peer that says more than is read is made to wait", "[transport]") {
  Station station(false);
  zmq::context_t context;
  zmq::socket_t flood(context, zmq::socket_type::dealer);
  flood.set(zmq::sockopt::linger, 0);
  flood.set(zmq::sockopt::sndhwm, 1);
  flood.set(zmq::sockopt::sndbuf, 65'536);
  flood.connect(station.address.workers);
  flood.send(zmq::str_buffer("hello"), zmq::send_flags::none);
  REQUIRE(station.hear(3s).size() == 1);
  const std::string frame(60'000, 'x');
  int taken = 0;
  flood.set(zmq::sockopt::sndtimeo, 500);
  while (taken < 1'000 && flood.send(zmq::buffer(frame), zmq::send_flags::none)) ++taken;
  CHECK(taken < 400);  // what the system's buffers hold included
}

TEST_CASE("events over tcp without keys are to be had only where that is allowed", "[transport]") {
  const ZmqControlAccess access;
  SchedulerAddress plain{.events = "tcp://h:7403"};
  CHECK_FALSE(access.can_subscribe(plain, "", false));
  CHECK_FALSE(access.can_subscribe(plain, "some.key", false));
  CHECK(access.can_subscribe(plain, "", true));
  const SchedulerAddress local{.events = "ipc:///x"};
  CHECK(access.can_subscribe(local, "", false));
  plain.public_key = generate_key().public_key;
  CHECK(access.can_subscribe(plain, "some.key", false));
  CHECK_FALSE(access.can_subscribe(plain, "", true));
}

TEST_CASE("a client leaves schedulers that are gone and finds new ones", "[transport]") {
  Station first;
  Station second;
  second.address.holder = "s2";
  second.address.public_key = first.server_key.public_key;  // wrong: it must not matter to first
  ZmqControlClient client(first.worker, false);
  CHECK(client.connect({first.address, second.address}) == 2);
  CHECK(client.connect({first.address}) == 1);
  CHECK_FALSE(client.send("s2", "hello"));
  CHECK(client.connect({}) == 0);
  CHECK(client.connect({first.address}) == 1);
  CHECK(greet(first, first.worker).has_value());
}
