#include "common/process/private_cluster.hpp"

#include <libpq-fe.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "common/user_error.hpp"
#include "tests/support/catch.hpp"

namespace lethe {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

const ClusterOptions fast{.settings = {{"fsync", "off"}, {"max_connections", "17"}}};

/// The first value of the answer, or the error message.
std::string ask(const std::string& url, const std::string& query) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()),
                                                                &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> answer(
      PQexec(connection.get(), query.c_str()), &PQclear);
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) return PQerrorMessage(connection.get());
  return PQgetvalue(answer.get(), 0, 0);
}

/// Sets an environment variable for one test; an empty value unsets it.
class ScopedVariable {
 public:
  ScopedVariable(std::string name, const std::string& value)
      : name_(std::move(name)), before_(environment_variable(name_)) {
    assign(value);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() { assign(before_.value_or("")); }

 private:
  void assign(const std::string& value) {
    if (value.empty()) {
      unsetenv(name_.c_str());  // NOLINT(concurrency-mt-unsafe): the tests have one thread
    } else {
      setenv(name_.c_str(), value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): as above
    }
  }

  std::string name_;
  std::optional<std::string> before_;
};

/// A new parent for private directories that the server's user may enter.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = "/tmp/lethe-dbtest-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    REQUIRE(chmod(name.c_str(), 0755) == 0);
    path_ = name;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() { fs::remove_all(path_); }

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The message of the UserError that `action` ends in, or nothing when it succeeds.
template <class Action>
std::string failure_of(const Action& action) {
  try {
    action();
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The forked owner. An exception ends it at once, before Catch could go on with the other tests.
[[noreturn]] void own_a_cluster_until_killed(int report) noexcept {
  const PrivateCluster cluster(fast);
  const std::string message =
      std::to_string(cluster.server_pid()) + " " + cluster.directory().string();
  if (write(report, message.data(), message.size()) > 0) pause();
  _exit(1);
}

struct KilledOwner {
  fs::path directory;
  pid_t server = 0;
};

/// Starts a cluster in another process and kills that process without warning. The server becomes
/// ours to collect.
KilledOwner kill_an_owner() {
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t owner = fork();
  REQUIRE(owner >= 0);
  if (owner == 0) own_a_cluster_until_killed(ends[1]);
  close(ends[1]);
  std::array<char, 256> message{};
  REQUIRE(read(ends[0], message.data(), message.size() - 1) > 0);
  close(ends[0]);
  REQUIRE(kill(owner, SIGKILL) == 0);
  REQUIRE(waitpid(owner, nullptr, 0) == owner);
  const std::string text = message.data();
  const std::size_t space = text.find(' ');
  return {.directory = text.substr(space + 1), .server = std::stoi(text.substr(0, space))};
}

bool ends_by_itself(pid_t server) {
  for (int attempt = 0; attempt < 2000; ++attempt) {
    const pid_t ended = waitpid(server, nullptr, WNOHANG);
    if (ended == server || (ended < 0 && errno == ECHILD)) return true;
    usleep(10'000);
  }
  return false;
}

TEST_CASE("a private cluster answers queries with the settings it was given", "[private_cluster]") {
  const PrivateCluster cluster(fast);
  CHECK(ask(cluster.url(), "select current_database()") == "postgres");
  CHECK(ask(cluster.url(), "show max_connections") == "17");
  CHECK(ask(cluster.url(), "show fsync") == "off");
  CHECK(ask(cluster.url(), "show server_encoding") == "UTF8");
}

TEST_CASE("a private cluster listens only inside its own directory", "[private_cluster]") {
  const PrivateCluster cluster({.settings = {{"listen_addresses", "*"}, {"port", "5999"}}});
  CHECK(ask(cluster.url(), "show listen_addresses") == "");
  CHECK(ask(cluster.url(), "show unix_socket_directories") == cluster.directory().string());
  struct stat directory {};
  REQUIRE(stat(cluster.directory().c_str(), &directory) == 0);
  CHECK((directory.st_mode & 0777) == 0700);
}

TEST_CASE("two private clusters run side by side", "[private_cluster]") {
  const PrivateCluster first(fast);
  const PrivateCluster second(fast);
  CHECK(first.directory() != second.directory());
  CHECK(ask(first.url(), "select 1") == "1");
  CHECK(ask(second.url(), "select 2") == "2");
}

TEST_CASE("a created database can be connected to whatever its name", "[private_cluster]") {
  const PrivateCluster cluster(fast);
  const std::string name = GENERATE("plain", "With Space", "quote\"' back\\slash");
  cluster.create_database(name);
  CHECK(ask(cluster.url(name), "select current_database()") == name);
  CHECK(mentions(failure_of([&] { cluster.create_database(name); }), "already exists"));
}

TEST_CASE("stopping ends open sessions and the server and removes the directory",
          "[private_cluster]") {
  PrivateCluster cluster(fast);
  const fs::path directory = cluster.directory();
  const pid_t server = cluster.server_pid();
  const std::unique_ptr<PGconn, decltype(&PQfinish)> session(PQconnectdb(cluster.url().c_str()),
                                                             &PQfinish);
  REQUIRE(PQstatus(session.get()) == CONNECTION_OK);
  cluster.stop();
  CHECK_FALSE(fs::exists(directory));
  CHECK(kill(server, 0) == -1);
  cluster.stop();
}

TEST_CASE("the server does not get the terminal's Ctrl-C before we decide", "[private_cluster]") {
  PrivateCluster cluster(fast);
  CHECK(getpgid(cluster.server_pid()) != getpgrp());
  CHECK(cluster.running());
}

TEST_CASE("killing the owner leaves no server and the next cluster removes the directory",
          "[private_cluster]") {
  const ScratchFolder parent;
  const ScopedVariable temporary("TMPDIR", parent.path());
  const KilledOwner killed = kill_an_owner();
  CHECK(killed.directory.parent_path() == parent.path());
  CHECK(ends_by_itself(killed.server));
  REQUIRE(fs::exists(killed.directory));
  const PrivateCluster next(fast);
  CHECK_FALSE(fs::exists(killed.directory));
}

TEST_CASE("sweeping spares living clusters and links and directories without our mark",
          "[private_cluster]") {
  const ScratchFolder parent;
  const ScopedVariable temporary("TMPDIR", parent.path());
  const PrivateCluster living(fast);
  fs::create_directory(parent.path() / "elsewhere");
  std::ofstream(parent.path() / "elsewhere" / "owner.lock") << "";
  fs::create_directory_symlink(parent.path() / "elsewhere", parent.path() / "lethe-pg-link");
  fs::create_directory(parent.path() / "lethe-pg-bare");
  fs::create_directory(parent.path() / "lethe-pg-stale");
  std::ofstream(parent.path() / "lethe-pg-stale" / "owner.lock") << "";
  const PrivateCluster next(fast);
  CHECK(ask(living.url(), "select 1") == "1");
  CHECK(fs::exists(parent.path() / "lethe-pg-link" / "owner.lock"));
  CHECK(fs::exists(parent.path() / "lethe-pg-bare"));
  CHECK_FALSE(fs::exists(parent.path() / "lethe-pg-stale"));
}

TEST_CASE("a TMPDIR too long for a socket gives way to the system's folder", "[private_cluster]") {
  const ScratchFolder parent;
  const fs::path deep = parent.path() / std::string(80, 'd');
  fs::create_directory(deep);
  const ScopedVariable temporary("TMPDIR", deep);
  const PrivateCluster cluster(fast);
  CHECK(cluster.directory().parent_path() == "/tmp");
}

TEST_CASE("a server that cannot start is an error with the reason from its log on one line",
          "[private_cluster]") {
  const ScratchFolder parent;
  const ScopedVariable temporary("TMPDIR", parent.path());
  const ClusterOptions impossible{.settings = {{"no_such_setting", "1"}}};
  const std::string message = failure_of([&] { const PrivateCluster cluster(impossible); });
  CHECK(mentions(message, "unrecognized configuration parameter"));
  CHECK_FALSE(mentions(message, "\n"));
  CHECK(fs::is_empty(parent.path()));
}

TEST_CASE("a directory of server programs that holds none is an error that names the variable",
          "[private_cluster]") {
  const ScopedVariable programs("LETHE_PG_BINDIR", "/nonexistent");
  CHECK(mentions(failure_of([] { static_cast<void>(find_server_programs()); }),
                 "LETHE_PG_BINDIR=/nonexistent"));
}

TEST_CASE("server programs are found without being told where", "[private_cluster]") {
  const ScopedVariable programs("LETHE_PG_BINDIR", "");
  CHECK(fs::exists(find_server_programs() / "initdb"));
}

}  // namespace
}  // namespace lethe
