#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace lethe::test {

/// Stands between a program and a server's Unix socket and can lose everything that either says,
/// without closing anything, as a network does that is cut.
class SocketProxy {
 public:
  /// `server`: the directory of the server's socket.
  explicit SocketProxy(const std::string& server);
  ~SocketProxy();
  SocketProxy(const SocketProxy&) = delete;
  SocketProxy& operator=(const SocketProxy&) = delete;

  /// The directory of the socket to connect to instead.
  [[nodiscard]] const std::string& directory() const { return directory_; }
  /// From now on nothing passes; new connections are taken and get no answer.
  void cut() { cut_ = true; }
  /// What was said meanwhile arrives late.
  void heal() { cut_ = false; }

 private:
  void accept_all(const std::stop_token& stop);
  void pass(int client, const std::stop_token& stop) const;

  const std::string server_;
  std::string directory_;
  std::atomic<bool> cut_{false};
  int listener_ = -1;
  std::list<std::jthread> connections_;  // used by the acceptor until it ends
  std::jthread acceptor_;
};

}  // namespace lethe::test
