#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace lethe::http {

/// Where to listen.
struct Endpoint {
  std::string address;     ///< of IPv4 or IPv6, no name
  std::uint16_t port = 0;  ///< 0: any free one, for tests
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Answers a GET or HEAD of a path such as "/readyz", without its query. Called from the server's
/// thread, one request at a time; takes milliseconds and waits for nothing. What it throws is
/// logged and answered with 500.
using Handler = std::function<Response(const std::string& path)>;

/// A small HTTP server for probes and metrics: one thread, at most 64 connections, each with 16
/// KiB of memory and closed after 10 s of silence, and the oldest one as soon as there is one more;
/// no method but GET and HEAD, no body. There is no authentication and no TLS, and what it tells is
/// no secret. It is libmicrohttpd's, which nothing but this directory links.
class Server {
 public:
  /// Listens and answers from now on. Throws UserError (bad_config) that names the address when it
  /// cannot be listened on.
  Server(const Endpoint& endpoint, Handler handler);
  /// Ends the connections and the thread.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lethe::http
