#include "tests/support/socket_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace lethe::test {

namespace {

constexpr int look_ms = 10;

sockaddr_un address_in(const std::string& directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory + "/.s.PGSQL.5432";
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the path is too long");
  path.copy(address.sun_path, path.size());
  return address;
}

int connect_to(const std::string& directory) {
  const sockaddr_un address = address_in(directory);
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return server;
  close(server);
  return -1;
}

/// Passes on what is there; false when the connection is over.
bool move_bytes(int from, int to) {
  std::array<char, 65'536> part{};
  const ssize_t size = recv(from, part.data(), part.size(), 0);
  for (ssize_t sent = 0; sent < size;) {
    const auto left = static_cast<std::size_t>(size - sent);
    const ssize_t now = send(to, part.data() + sent, left, MSG_NOSIGNAL);
    if (now <= 0) return false;
    sent += now;
  }
  return size > 0;
}

}  // namespace

SocketProxy::SocketProxy(const std::string& server) : server_(server) {
  directory_ = "/tmp/lethe-proxy-XXXXXX";
  if (mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("cannot make a directory");
  const sockaddr_un address = address_in(directory_);
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 64) != 0)
    throw std::runtime_error("the proxy cannot listen");
  acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

SocketProxy::~SocketProxy() {
  acceptor_.request_stop();
  acceptor_.join();
  for (std::jthread& connection : connections_) connection.request_stop();
  connections_.clear();
  close(listener_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void SocketProxy::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, look_ms) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0)
      connections_.emplace_back(
          [this, client](const std::stop_token& token) { pass(client, token); });
  }
}

void SocketProxy::pass(int client, const std::stop_token& stop) const {
  int server = -1;
  while (!stop.stop_requested()) {
    if (cut_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(look_ms));
      continue;
    }
    if (server < 0) server = connect_to(server_);
    if (server < 0) break;
    std::array<pollfd, 2> ends{{{.fd = client, .events = POLLIN, .revents = 0},
                                {.fd = server, .events = POLLIN, .revents = 0}}};
    if (poll(ends.data(), ends.size(), look_ms) <= 0 || cut_) continue;
    if (ends[0].revents != 0 && !move_bytes(client, server)) break;
    if (ends[1].revents != 0 && !move_bytes(server, client)) break;
  }
  close(client);
  if (server >= 0) close(server);
}

}  // namespace lethe::test
