#include "tests/support/pgbouncer.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>

namespace lethe::test {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int port = 6432;  // only names the socket file: every pooler has its own directory
constexpr milliseconds ready_limit{10'000};
constexpr milliseconds ready_interval{20};

/// Where a connection string leads to.
struct Server {
  std::string host;  ///< of a socket: its directory
  std::string port;
  std::string user;
  std::string database;
};

Server server_of(const std::string& url) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()),
                                                                &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK)
    throw std::runtime_error(fmt::format("cannot connect: {}", PQerrorMessage(connection.get())));
  return {.host = PQhost(connection.get()),
          .port = PQport(connection.get()),
          .user = PQuser(connection.get()),
          .database = PQdb(connection.get())};
}

Server test_server() {
  const auto url = environment_variable("LETHE_TEST_DATABASE");
  if (!url)
    throw std::runtime_error("set LETHE_TEST_DATABASE, or run: tests/run (see CONTRIBUTING.md)");
  return server_of(*url);
}

/// Not in the PATH of every user on Debian.
std::string program() {
  for (const char* name : {"pgbouncer", "/usr/sbin/pgbouncer"}) {
    const fs::path found = find_program(name);
    if (!found.empty() && access(found.c_str(), X_OK) == 0) return found.string();
  }
  throw std::runtime_error(
      "pgbouncer is not installed; run: deploy/install-packages --with-tests (tests/run does it)");
}

/// The owner of the server's socket, who may enter its directory; else the user postgres. Nothing
/// when we need not change.
std::optional<UserIds> pooler_user(const Server& server) {
  if (geteuid() != 0) return std::nullopt;
  struct stat socket {};
  const std::string path = fmt::format("{}/.s.PGSQL.{}", server.host, server.port);
  if (stat(path.c_str(), &socket) == 0 && socket.st_uid != 0)
    return UserIds{.uid = socket.st_uid, .gid = socket.st_gid};
  const passwd* entry = getpwnam("postgres");
  if (entry == nullptr)
    throw std::runtime_error("pgbouncer refuses to run as root, and there is no user postgres");
  return UserIds{.uid = entry->pw_uid, .gid = entry->pw_gid};
}

fs::path make_directory() {
  std::string name = "/tmp/lethe-pgbouncer-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a directory");
  return name;
}

const char* to_string(PoolMode mode) {
  switch (mode) {
    case PoolMode::session: return "session";
    case PoolMode::transaction: return "transaction";
    case PoolMode::statement: return "statement";
  }
  return "";
}

void write_settings(const fs::path& directory, PoolMode mode) {
  const Server server = test_server();
  std::ofstream file(directory / "pgbouncer.ini");
  file << fmt::format(
      "[databases]\n"
      "* = host={} port={} user={}\n"
      "[pgbouncer]\n"
      "unix_socket_dir = {}\n"
      "listen_port = {}\n"
      "auth_type = any\n"
      "pool_mode = {}\n"
      "default_pool_size = {}\n"
      "max_client_conn = 200\n"
      "log_connections = 0\n"
      "log_disconnections = 0\n",
      server.host, server.port, server.user, directory.string(), port, to_string(mode),
      PgBouncer::server_connections);
}

ChildProcess start(const fs::path& directory, PoolMode mode) {
  write_settings(directory, mode);
  SpawnOptions options;
  options.working_directory = directory;
  options.stdout_file = directory / "log";
  options.stderr_file = options.stdout_file;
  options.as_user = pooler_user(test_server());
  if (options.as_user && chown(directory.c_str(), options.as_user->uid, options.as_user->gid) != 0)
    throw std::runtime_error("cannot give " + directory.string() + " to pgbouncer's user");
  return ChildProcess::spawn({program(), (directory / "pgbouncer.ini").string()}, options);
}

}  // namespace

PgBouncer::Directory::Directory() : path_(make_directory()) {}

PgBouncer::Directory::~Directory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

PgBouncer::PgBouncer(PoolMode mode) : process_(start(directory_.path(), mode)) {
  wait_until_ready();
}

std::string PgBouncer::url(const std::string& url) const {
  const Server server = server_of(url);
  return fmt::format("host={} port={} user={} dbname={}", directory_.path().string(), port,
                     server.user, server.database);
}

std::string PgBouncer::log() const {
  std::ifstream stream(directory_.path() / "log", std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void PgBouncer::wait_until_ready() {
  const std::string own = fmt::format("host={} port={}", directory_.path().string(), port);
  for (milliseconds waited{0}; waited < ready_limit; waited += ready_interval) {
    if (PQping(own.c_str()) == PQPING_OK) return;
    if (process_.wait_for(ready_interval)) break;
  }
  throw std::runtime_error("pgbouncer did not start: " + log());
}

}  // namespace lethe::test
