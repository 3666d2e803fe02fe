#include "common/http/http_server.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include "common/http/status_pages.hpp"
#include "common/user_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/http_get.hpp"

using namespace lethe;
using namespace std::chrono_literals;
using test::http_get;
using test::http_request;

namespace {

http::Response echo(const std::string& path) {
  if (path == "/throws") throw std::runtime_error("secret");
  return {.status = 200, .body = path};
}

const http::Endpoint any_port{.address = "127.0.0.1", .port = 0};

}  // namespace

TEST_CASE("a page is served and its query is no part of its path", "[http]") {
  const http::Server server(any_port, echo);
  const auto answer = http_get(server.port(), "/readyz?verbose");
  CHECK(answer.status == 200);
  CHECK(answer.body == "/readyz");
  CHECK(answer.head.find("X-Content-Type-Options: nosniff") != std::string::npos);
}

TEST_CASE("a head has no body", "[http]") {
  const http::Server server(any_port, echo);
  const auto answer =
      http_request(server.port(), "HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(answer.status == 200);
  CHECK(answer.body.empty());
}

TEST_CASE("other methods are refused and bodies are not read", "[http]") {
  const http::Server server(any_port, echo);
  for (const std::string method : {"POST", "PUT", "DELETE", "TRACE"}) {
    INFO(method);
    CHECK(http_request(server.port(), method + " / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                               "Content-Length: 1\r\n\r\nx")
              .status == 405);
  }
  CHECK(http_request(server.port(), "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\nx")
            .status != 200);
}

TEST_CASE("a request that is too large or no request is refused and the next one is answered",
          "[http]") {
  const http::Server server(any_port, echo);
  const auto long_path = http_get(server.port(), "/" + std::string(100'000, 'x'));
  CHECK(long_path.status != 200);
  CHECK(http_request(server.port(),
                     "GET / HTTP/1.1\r\nHost: " + std::string(100'000, 'x') + "\r\n\r\n")
            .status != 200);
  CHECK(http_request(server.port(), "\x01\x02 nonsense\r\n\r\n").status != 200);
  CHECK(http_get(server.port(), "/").status == 200);
}

TEST_CASE("a page that fails is an error without the reason", "[http]") {
  const http::Server server(any_port, echo);
  const auto answer = http_get(server.port(), "/throws");
  CHECK(answer.status == 500);
  CHECK(answer.body.find("secret") == std::string::npos);
}

TEST_CASE("connections that are slow on purpose do not keep a probe waiting however many there are",
          "[http]") {
  const http::Server server(any_port, echo);
  std::vector<std::unique_ptr<test::TcpConnection>> slow;
  for (int i = 0; i < 300; ++i) {
    slow.push_back(std::make_unique<test::TcpConnection>(server.port()));
    slow.back()->send_text("GET / HT");
  }
  for (const auto& one : slow) one->send_text("T");  // not silent: no time of silence ends them
  const auto begin = std::chrono::steady_clock::now();
  CHECK(http_get(server.port(), "/").status == 200);
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
}

TEST_CASE("a slow connection that is hung up is the oldest and the newest ones are answered",
          "[http]") {
  const http::Server server(any_port, echo);
  const auto begun = [&] {
    auto connection = std::make_unique<test::TcpConnection>(server.port());
    connection->send_text("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    return connection;
  };
  const auto finished = [](const test::TcpConnection& connection) {
    connection.send_text("\r\n");
    return connection.read_all().rfind("HTTP/1.1 200", 0) == 0;
  };
  std::vector<std::unique_ptr<test::TcpConnection>> connections;
  for (int i = 0; i < 65; ++i) connections.push_back(begun());
  CHECK(finished(*connections.back()));
  CHECK_FALSE(finished(*connections.front()));
  CHECK(finished(*connections.at(1)));
}

TEST_CASE("more connections than there may be are hung up and do no harm", "[http]") {
  auto server = std::make_unique<http::Server>(any_port, echo);
  {
    std::vector<std::unique_ptr<test::TcpConnection>> silent;
    for (int i = 0; i < 300; ++i)
      silent.push_back(std::make_unique<test::TcpConnection>(server->port()));
  }
  int status = 0;
  for (int turn = 0; turn < 100 && status != 200; ++turn)
    status = http_get(server->port(), "/").status;
  CHECK(status == 200);
  server.reset();  // ends though connections may be open
}

TEST_CASE("an address that cannot be listened on is refused by its name", "[http]") {
  const http::Server server(any_port, echo);
  try {
    const http::Server second({.address = "127.0.0.1", .port = server.port()}, echo);
    FAIL("it listens twice");
  } catch (const UserError& error) {
    CHECK(error.code() == ExitCode::bad_config);
    const std::string what = error.what();
    CHECK(what.find("127.0.0.1 port " + std::to_string(server.port())) != std::string::npos);
    CHECK(what.find("in use") != std::string::npos);
  }
  CHECK_THROWS_AS(http::Server({.address = "203.0.113.1", .port = 0}, echo), UserError);
  CHECK_THROWS_AS(http::Server({.address = "localhost", .port = 0}, echo), UserError);
}

TEST_CASE("a server listens on IPv6 too", "[http]") {
  try {
    const http::Server server({.address = "::1", .port = 0}, echo);
    CHECK(server.port() != 0);
  } catch (const UserError& error) {
    WARN("this machine has no IPv6: " << error.what());
  }
}

TEST_CASE("probes follow the supervision", "[http]") {
  test::FakeClock clock;
  Supervision supervision(clock);
  const LoopMark mark = supervision.add("heartbeat", {.success = 30s, .turn = 120s});
  const http::StatusSources sources{
      .program = "lethe-worker", .version = "1", .supervision = supervision, .metrics = [] {
        return MetricFamilies{gauge("lethe_own", "Own.", 3)};
      }};
  CHECK(http::status_page(sources, "/livez").status == 200);
  CHECK(http::status_page(sources, "/readyz").status == 503);
  supervision.serve();
  mark.succeeded();
  CHECK(http::status_page(sources, "/readyz").status == 200);
  clock.advance(121s);
  CHECK(http::status_page(sources, "/livez").status == 503);
  CHECK(http::status_page(sources, "/readyz").status == 503);
  const auto metrics = http::status_page(sources, "/metrics");
  CHECK(metrics.status == 200);
  CHECK(metrics.content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(metrics.body.find("\nlethe_own 3\n") != std::string::npos);
  CHECK(metrics.body.find("\nlethe_ready 0\n") != std::string::npos);
  CHECK(http::status_page(sources, "/").status == 404);
}
