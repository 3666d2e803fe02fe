#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace lethe::test {

/// A connection to a port of this machine; what is waited for comes within ten seconds or not.
class TcpConnection {
 public:
  explicit TcpConnection(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    timeval limit{.tv_sec = 10, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const sockaddr_in address = loopback(port);
    connected_ = connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~TcpConnection() { close(socket_); }
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void send_text(const std::string& text) const {
    static_cast<void>(send(socket_, text.data(), text.size(), MSG_NOSIGNAL));
  }
  /// Everything until the other side hangs up.
  [[nodiscard]] std::string read_all() const {
    std::string text;
    std::array<char, 4096> part{};
    ssize_t size = 0;
    while ((size = recv(socket_, part.data(), part.size(), 0)) > 0)
      text.append(part.data(), static_cast<std::size_t>(size));
    return text;
  }

  [[nodiscard]] static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

 private:
  int socket_;
  bool connected_ = false;
};

struct HttpAnswer {
  int status = 0;  ///< 0: nobody answered
  std::string head;
  std::string body;
};

/// Sends a request as it is and reads the answer.
inline HttpAnswer http_request(std::uint16_t port, const std::string& request) {
  const TcpConnection connection(port);
  if (!connection.connected()) return {};
  connection.send_text(request);
  const std::string text = connection.read_all();
  const auto end = text.find("\r\n\r\n");
  if (text.rfind("HTTP/1.", 0) != 0 || end == std::string::npos) return {};
  return {.status = std::stoi(text.substr(9, 3)),
          .head = text.substr(0, end),
          .body = text.substr(end + 4)};
}

inline HttpAnswer http_get(std::uint16_t port, const std::string& path) {
  return http_request(port, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

/// A port of this machine on which nobody listens at this moment.
inline std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = TcpConnection::loopback(0);
  socklen_t size = sizeof address;
  const bool bound = bind(probe, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(probe);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

}  // namespace lethe::test
