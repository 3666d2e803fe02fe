#include "common/service/service_notifier.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"

using namespace lethe;
using namespace std::chrono_literals;

namespace {

/// Plays the service manager: a socket to which the notifier of this process sends.
class Manager {
 public:
  explicit Manager(const char* watchdog_us) : socket_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    std::string name = "/tmp/lethe-notify-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory_ = name;
    const std::string path = directory_ / "socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    timeval limit{.tv_sec = 10, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
    if (watchdog_us != nullptr) setenv("WATCHDOG_USEC", watchdog_us, 1);
  }
  ~Manager() {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(socket_);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// Whether a message with this text comes before `messages` others.
  [[nodiscard]] bool hears(const std::string& text, int messages = 100) const {
    for (int i = 0; i < messages; ++i) {
      std::array<char, 4096> part{};
      const ssize_t size = recv(socket_, part.data(), part.size(), 0);
      if (size <= 0) return false;
      if (std::string(part.data(), static_cast<std::size_t>(size)).find(text) != std::string::npos)
        return true;
    }
    return false;
  }

 private:
  int socket_;
  std::filesystem::path directory_;
};

constexpr LoopLimits limits{.success = 30s, .turn = 120s};

}  // namespace

TEST_CASE("the service manager hears of readiness and of what is wrong and of the end",
          "[service]") {
  const Manager manager(nullptr);
  test::FakeClock clock;
  SystemClock real;
  Supervision supervision(clock);
  const LoopMark mark = supervision.add("heartbeat", limits);
  const service::ServiceNotifier notifier(supervision, real);
  CHECK(manager.hears("STATUS=starting\n"));
  mark.failed("no connection");
  CHECK(manager.hears("STATUS=starting; heartbeat fresh\n"));
  mark.succeeded();
  supervision.serve();
  CHECK(manager.hears("READY=1\nSTATUS=serving\n"));
  clock.advance(31s);
  CHECK(manager.hears("STATUS=serving; heartbeat failing\n"));
  supervision.stop();
  CHECK(manager.hears("STOPPING=1\n"));
}

TEST_CASE("the watchdog is fed while no loop is stuck and starves when one is", "[service]") {
  const Manager manager("60000");
  test::FakeClock clock;
  SystemClock real;
  Supervision supervision(clock);
  const LoopMark mark = supervision.add("heartbeat", limits);
  const service::ServiceNotifier notifier(supervision, real);
  CHECK(manager.hears("WATCHDOG=1\n"));
  mark.failed("no connection");
  clock.advance(119s);
  CHECK(manager.hears("STATUS=starting; heartbeat failing\n"));
  CHECK(manager.hears("WATCHDOG=1\n"));
  clock.advance(2s);
  CHECK(manager.hears("heartbeat stuck"));
  supervision.stop();
  REQUIRE(manager.hears("STOPPING=1\n"));
  CHECK_FALSE(manager.hears("WATCHDOG=1", 5));
}

TEST_CASE("a process that nobody started as a service says nothing", "[service]") {
  test::FakeClock clock;
  Supervision supervision(clock);
  service::ServiceNotifier notifier(supervision, clock);
  CHECK_NOTHROW(notifier.run_once());
}
