#include "common/http/http_server.hpp"

#include <fmt/format.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/logging.hpp"
#include "common/user_error.hpp"

namespace lethe::http {

namespace {

/// Probes and scrapes are a handful, and each is over within milliseconds.
constexpr std::size_t connections_kept = 64;
/// Room for those that were hung up and not yet cleared away.
constexpr unsigned connections_max = 2 * connections_kept;
constexpr unsigned silence_seconds = 10;
constexpr std::size_t connection_bytes = 16 * 1024;
constexpr int backlog = 64;

[[noreturn]] void refuse(const Endpoint& endpoint, const std::string& why) {
  throw UserError(ExitCode::bad_config,
                  fmt::format("http_address {} port {}: cannot listen: {}; choose another, or none "
                              "with http_port: 0",
                              endpoint.address, endpoint.port, why));
}

std::string last_error() { return std::generic_category().message(errno); }

/// A listening socket. Ours and not libmicrohttpd's, which does not say why it could not make one.
int listen_on(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  if (getaddrinfo(endpoint.address.c_str(), port.c_str(), &hints, &found) != 0)
    refuse(endpoint, "it is no address");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, freeaddrinfo);
  const int socket = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) refuse(endpoint, last_error());
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(socket, address->ai_addr, address->ai_addrlen) != 0 || listen(socket, backlog) != 0) {
    const std::string why = last_error();
    close(socket);
    refuse(endpoint, why);
  }
  return socket;
}

std::uint16_t port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

Response answer_of(const Handler& handler, const std::string& path) {
  try {
    return handler(path);
  } catch (const std::exception& error) {
    log_event(LogLevel::error, "http_failed", {{"path", path}, {"error", error.what()}});
    return {.status = MHD_HTTP_INTERNAL_SERVER_ERROR, .body = "failed; the log says why\n"};
  }
}

MHD_Result send(MHD_Connection* connection, const Response& response) {
  const std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)> message(
      MHD_create_response_from_buffer(response.body.size(), const_cast<char*>(response.body.data()),
                                      MHD_RESPMEM_MUST_COPY),
      MHD_destroy_response);
  if (message == nullptr) return MHD_NO;
  MHD_add_response_header(message.get(), "Content-Type", response.content_type.c_str());
  MHD_add_response_header(message.get(), "Cache-Control", "no-store");
  MHD_add_response_header(message.get(), "X-Content-Type-Options", "nosniff");
  if (response.status == MHD_HTTP_METHOD_NOT_ALLOWED)
    MHD_add_response_header(message.get(), "Allow", "GET, HEAD");
  return MHD_queue_response(connection, static_cast<unsigned>(response.status), message.get());
}

/// The open connections, the oldest first. One more than are kept hangs up the oldest: whoever is
/// slow on purpose stays within any time of silence by a byte now and then, and would keep probes
/// out. Used only by libmicrohttpd's thread, and by whoever stops it afterwards.
class OpenConnections {
 public:
  void add(int socket) {
    open_.push_back(socket);
    if (open_.size() <= connections_kept) return;
    shutdown(open_.front(), SHUT_RDWR);  // libmicrohttpd reads the end and closes it
    open_.pop_front();
  }
  /// Told before the socket is closed, so its number is nobody else's yet.
  void remove(int socket) {
    const auto found = std::find(open_.begin(), open_.end(), socket);
    if (found != open_.end()) open_.erase(found);
  }

 private:
  std::deque<int> open_;
};

}  // namespace

struct Server::Impl {
  Handler handler;
  int socket = -1;
  std::uint16_t port = 0;
  OpenConnections connections;
  MHD_Daemon* daemon = nullptr;

  ~Impl() {
    if (daemon != nullptr) {
      MHD_stop_daemon(daemon);  // closes the socket
    } else if (socket >= 0) {
      close(socket);
    }
  }

  /// Called by libmicrohttpd when a connection begins and when it ends.
  static void on_connection(void* self, MHD_Connection* connection, void**,
                            MHD_ConnectionNotificationCode what) {
    const MHD_ConnectionInfo* const info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == nullptr) return;
    OpenConnections& connections = static_cast<Impl*>(self)->connections;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
      connections.add(info->connect_fd);
    } else {
      connections.remove(info->connect_fd);
    }
  }

  /// Called by libmicrohttpd, for each request first with its head alone.
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* path,
                               const char* method, const char*, const char*,
                               std::size_t* body_bytes, void** request) {
    const std::string_view verb = method;
    if (verb != "GET" && verb != "HEAD")
      return send(connection,
                  {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .body = "only GET and HEAD\n"});
    if (*request == nullptr) {
      *request = self;  // anything: the head was seen
      return MHD_YES;
    }
    if (*body_bytes > 0) return MHD_NO;  // nothing here takes a body: hang up
    return send(connection, answer_of(static_cast<const Impl*>(self)->handler, path));
  }
};

Server::Server(const Endpoint& endpoint, Handler handler) : impl_(std::make_unique<Impl>()) {
  impl_->handler = std::move(handler);
  impl_->socket = listen_on(endpoint);
  impl_->port = port_of(impl_->socket);
  impl_->daemon = MHD_start_daemon(
      MHD_USE_AUTO_INTERNAL_THREAD, endpoint.port, nullptr, nullptr, &Impl::on_request, impl_.get(),
      MHD_OPTION_LISTEN_SOCKET, impl_->socket, MHD_OPTION_CONNECTION_LIMIT, connections_max,
      MHD_OPTION_CONNECTION_TIMEOUT, silence_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      connection_bytes, MHD_OPTION_NOTIFY_CONNECTION, &Impl::on_connection, impl_.get(),
      MHD_OPTION_END);
  if (impl_->daemon == nullptr) refuse(endpoint, "no thread for it");
}

Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->port; }

}  // namespace lethe::http
