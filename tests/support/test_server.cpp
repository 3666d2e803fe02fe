#include "tests/support/test_server.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <pqxx/pqxx>
#include <stdexcept>
#include <thread>

#include "common/process/private_cluster.hpp"

namespace lethe::test {

namespace {

constexpr std::chrono::seconds program_limit{120};
constexpr int answers_tried = 1'200;
constexpr std::chrono::milliseconds answer_pause{50};

/// Whom a server runs as when we are root; it refuses to run as root.
std::optional<UserIds> server_user() {
  if (geteuid() != 0) return std::nullopt;
  const passwd* const found = getpwnam("postgres");  // NOLINT(concurrency-mt-unsafe): one thread
  if (found == nullptr) throw std::runtime_error("there is no user postgres");
  return UserIds{.uid = found->pw_uid, .gid = found->pw_gid};
}

}  // namespace

TestServer::TestServer() {
  make_home();
  run({program("initdb"), "-D", home_ / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
       "--locale=C", "--no-sync"});
  start();
}

TestServer::TestServer(const TestServer& primary) {
  make_home();
  run({program("pg_basebackup"), "-D", home_ / "data", "-R", "-X", "stream", "-c", "fast",
       "--no-sync", "-d", primary.url()});
  start();
  primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'");
  primary.execute("SELECT pg_reload_conf()");
}

TestServer::~TestServer() {
  if (server_) server_->stop(std::chrono::seconds(10));
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(home_, ignored);
}

void TestServer::make_home() {
  bin_ = find_server_programs();
  std::string name = "/tmp/lethe-drill-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a directory");
  home_ = name;
  options_.as_user = server_user();
  options_.working_directory = home_;
  options_.stdout_file = home_ / "log";
  options_.stderr_file = home_ / "log";
  options_.stop_signal = SIGINT;
  const auto user = options_.as_user;
  if (user && chown(home_.c_str(), user->uid, user->gid) != 0)
    throw std::runtime_error("cannot give the directory away");
  run({"mkdir", "-m", "700", home_ / "socket"});
}

void TestServer::start() {
  server_ = ChildProcess::spawn(
      {program("postgres"), "-D", home_ / "data", "-c", "fsync=off", "-c", "full_page_writes=off",
       "-c", "listen_addresses=", "-c", "port=5432", "-c", "wal_level=replica", "-c",
       "max_connections=100", "-c", "unix_socket_directories=" + socket_directory()},
      options_);
  await("SELECT 1");
}

void TestServer::stop(End end) {
  server_->signal(static_cast<int>(end));
  if (!server_->wait_for(program_limit)) throw std::runtime_error("the server does not end");
}

void TestServer::promote() const {
  execute("SELECT pg_promote()");
  await("CREATE TEMPORARY TABLE it_takes_writes ()");
}

std::string TestServer::url() const {
  return "host=" + socket_directory() + " port=5432 user=postgres dbname=postgres";
}

std::string TestServer::program(const std::string& name) const { return (bin_ / name).string(); }

void TestServer::run(const std::vector<std::string>& argv) const {
  ChildProcess child = ChildProcess::spawn(argv, options_);
  if (child.wait_for(program_limit) != 0) throw std::runtime_error(argv.at(0) + " failed");
}

void TestServer::execute(const std::string& sql) const {
  pqxx::connection connection(url());
  pqxx::nontransaction(connection).exec(sql);
}

void TestServer::await(const std::string& sql) const {
  for (int turn = 0;; ++turn) {
    try {
      return execute(sql);
    } catch (const std::exception&) {
      if (turn == answers_tried) throw;
      std::this_thread::sleep_for(answer_pause);
    }
  }
}

}  // namespace lethe::test
