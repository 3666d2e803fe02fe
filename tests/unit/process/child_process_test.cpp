#include "common/process/child_process.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "tests/support/catch.hpp"

namespace lethe {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto long_enough = 20s;

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "lethe-child-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() { fs::remove_all(path_); }

  [[nodiscard]] fs::path file(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string content_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The message of the std::system_error that spawning ends in, or nothing when it succeeds.
std::string failure_of(const std::vector<std::string>& argv, const SpawnOptions& options = {}) {
  try {
    const ChildProcess child = ChildProcess::spawn(argv, options);
    return "";
  } catch (const std::system_error& error) {
    return error.what();
  }
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

ChildProcess shell(const std::string& script, const SpawnOptions& options = {}) {
  return ChildProcess::spawn({"sh", "-c", script}, options);
}

int exit_code_of(const std::string& script, const SpawnOptions& options = {}) {
  const std::optional<int> exit_code = shell(script, options).wait_for(long_enough);
  REQUIRE(exit_code);
  return *exit_code;
}

std::string output_of(const std::string& script, SpawnOptions options = {}) {
  const ScratchFolder folder;
  options.stdout_file = folder.file("output");
  REQUIRE(exit_code_of(script, options) == 0);
  return content_of(folder.file("output"));
}

bool wait_for_line(const fs::path& file) {
  for (int attempt = 0; attempt < 2000; ++attempt) {
    if (content_of(file).find('\n') != std::string::npos) return true;
    usleep(10'000);
  }
  return false;
}

void set_variable(const char* name, const char* value) {
  setenv(name, value, 1);  // NOLINT(concurrency-mt-unsafe): the tests have one thread
}

/// A zombie that nobody has collected yet counts as gone.
bool is_gone(pid_t pid) {
  const std::string stat = content_of("/proc/" + std::to_string(pid) + "/stat");
  return stat.empty() || stat.find(") Z ") != std::string::npos;
}

bool becomes_gone(pid_t pid) {
  for (int attempt = 0; attempt < 2000 && !is_gone(pid); ++attempt) usleep(10'000);
  return is_gone(pid);
}

TEST_CASE("a child's exit code is the one the program ended with", "[child_process]") {
  CHECK(exit_code_of("exit 0") == 0);
  CHECK(exit_code_of("exit 42") == 42);
}

TEST_CASE("an end by signal is reported as 128 plus the signal", "[child_process]") {
  CHECK(exit_code_of("kill -KILL $$") == 128 + SIGKILL);
  ChildProcess child = shell("exec sleep 60");
  child.signal(SIGUSR1);
  CHECK(child.wait_for(long_enough) == 128 + SIGUSR1);
}

TEST_CASE("an exit code can be asked for again", "[child_process]") {
  ChildProcess child = shell("exit 3");
  CHECK(child.wait_for(long_enough) == 3);
  CHECK(child.wait_for(0ms) == 3);
  CHECK_FALSE(child.running());
  CHECK(child.stop(0ms) == 3);
  child.signal(SIGKILL);
}

TEST_CASE("waiting for a child that still runs gives nothing after the duration",
          "[child_process]") {
  ChildProcess child = shell("exec sleep 60");
  const auto before = std::chrono::steady_clock::now();
  CHECK_FALSE(child.wait_for(50ms));
  CHECK(std::chrono::steady_clock::now() - before >= 50ms);
  CHECK(child.running());
}

TEST_CASE("waiting ends as soon as the child does", "[child_process]") {
  ChildProcess child = shell("exit 0");
  const auto before = std::chrono::steady_clock::now();
  CHECK(child.wait_for(1h) == 0);
  CHECK(std::chrono::steady_clock::now() - before < long_enough);
}

TEST_CASE("stopping asks politely and lets the child choose its exit code", "[child_process]") {
  const ScratchFolder folder;
  ChildProcess child = shell("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done",
                             {.stdout_file = folder.file("output")});
  REQUIRE(wait_for_line(folder.file("output")));
  CHECK(child.stop(long_enough) == 9);
}

TEST_CASE("a child that ignores the polite signal is killed after the grace", "[child_process]") {
  const ScratchFolder folder;
  ChildProcess child = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done",
                             {.stdout_file = folder.file("output")});
  REQUIRE(wait_for_line(folder.file("output")));
  CHECK(child.stop(100ms) == 128 + SIGKILL);
}

TEST_CASE("the signal that stops a child can be chosen", "[child_process]") {
  ChildProcess child = shell("exec sleep 60", {.stop_signal = SIGINT});
  CHECK(child.stop(long_enough) == 128 + SIGINT);
}

TEST_CASE("the destructor stops the child", "[child_process]") {
  pid_t pid = 0;
  {
    const ChildProcess child = shell("exec sleep 60");
    pid = child.pid();
    REQUIRE(kill(pid, 0) == 0);
  }
  CHECK(kill(pid, 0) == -1);
}

TEST_CASE("moving hands the child over and assigning stops the previous one", "[child_process]") {
  ChildProcess first = shell("exec sleep 60");
  ChildProcess second = shell("exec sleep 60");
  const pid_t replaced = first.pid();
  const pid_t kept = second.pid();
  first = std::move(second);
  CHECK(first.pid() == kept);
  CHECK(first.running());
  CHECK(kill(replaced, 0) == -1);
}

TEST_CASE("stopping a child that leads its group also ends what it started", "[child_process]") {
  const ScratchFolder folder;
  ChildProcess child = shell("sleep 60 & echo $!; wait", {.stdout_file = folder.file("output")});
  REQUIRE(wait_for_line(folder.file("output")));
  const pid_t grandchild = std::stoi(content_of(folder.file("output")));
  child.stop(long_enough);
  CHECK(becomes_gone(grandchild));
}

TEST_CASE("a child shares its parent's process group only on request", "[child_process]") {
  ChildProcess leader = shell("exec sleep 60");
  CHECK(getpgid(leader.pid()) == leader.pid());
  ChildProcess member = shell("exec sleep 60", {.own_process_group = false});
  CHECK(getpgid(member.pid()) == getpgrp());
}

TEST_CASE("added environment variables replace those of the parent", "[child_process]") {
  set_variable("LETHE_CHILD_TEST_KEPT", "parent");
  set_variable("LETHE_CHILD_TEST_REPLACED", "parent");
  CHECK(output_of("echo $LETHE_CHILD_TEST_KEPT $LETHE_CHILD_TEST_REPLACED $LETHE_CHILD_TEST_NEW",
                  {.environment = {{"LETHE_CHILD_TEST_REPLACED", "child"},
                                   {"LETHE_CHILD_TEST_NEW", "a=b"}}}) == "parent child a=b\n");
}

TEST_CASE("both output streams are appended to one file", "[child_process]") {
  const ScratchFolder folder;
  const SpawnOptions options{.stdout_file = folder.file("both"),
                             .stderr_file = folder.file("both")};
  CHECK(exit_code_of("echo one; echo two >&2", options) == 0);
  CHECK(exit_code_of("echo three", options) == 0);
  CHECK(content_of(folder.file("both")) == "one\ntwo\nthree\n");
}

TEST_CASE("a child starts in the working directory it was given", "[child_process]") {
  const ScratchFolder folder;
  CHECK(output_of("pwd -P", {.working_directory = folder.path()}) ==
        fs::canonical(folder.path()).string() + "\n");
}

TEST_CASE("a child reads nothing from the parent's standard input", "[child_process]") {
  CHECK(output_of("cat") == "");
}

TEST_CASE("a signal that the parent blocks still stops the child", "[child_process]") {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGINT);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  ChildProcess child = shell("exec sleep 60");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(child.stop(long_enough) == 128 + SIGTERM);
}

TEST_CASE("a signal that the parent ignores is not ignored by the child", "[child_process]") {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  ChildProcess child = shell("exec sleep 60");
  std::signal(SIGPIPE, before);
  child.signal(SIGPIPE);
  CHECK(child.wait_for(long_enough) == 128 + SIGPIPE);
}

TEST_CASE("a parent that ignores SIGCHLD still learns the exit code", "[child_process]") {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  CHECK(exit_code_of("exit 5") == 5);
  std::signal(SIGCHLD, before);
}

TEST_CASE("descriptors of the parent are closed in the child", "[child_process]") {
  const ScratchFolder folder;
  const int inheritable = open(folder.file("secret").c_str(), O_CREAT | O_RDWR, 0600);
  REQUIRE(inheritable > 2);
  const std::string script = "test ! -e /proc/self/fd/" + std::to_string(inheritable);
  CHECK(exit_code_of(script) == 0);
  close(inheritable);
}

TEST_CASE("a program that cannot be started is an error that says which and why",
          "[child_process]") {
  CHECK(failure_of({"lethe-no-such-program"}) ==
        "cannot start 'lethe-no-such-program': find program: No such file or directory");
  CHECK(failure_of({"/dev/null"}) == "cannot start '/dev/null': execute: Permission denied");
  CHECK(mentions(failure_of({"true"}, {.working_directory = "/nonexistent"}),
                 "enter working directory"));
  CHECK(mentions(failure_of({"true"}, {.stdout_file = "/nonexistent/file"}), "open output file"));
  CHECK(mentions(failure_of({}), "find program"));
}

TEST_CASE("root can start a child as another user", "[child_process]") {
  if (geteuid() != 0) {
    CHECK(mentions(failure_of({"true"}, {.as_user = UserIds{.uid = 0, .gid = 0}}), "change user"));
    return;
  }
  const ScratchFolder folder;
  REQUIRE(chmod(folder.path().c_str(), 0777) == 0);
  SpawnOptions options;
  options.as_user = UserIds{.uid = 65534, .gid = 65534};
  options.stdout_file = folder.file("output");
  CHECK(exit_code_of("echo $(id -u) $(id -g) $(id -G)", options) == 0);
  CHECK(content_of(folder.file("output")) == "65534 65534 65534\n");
}

TEST_CASE("a child ends when its parent is killed", "[child_process]") {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t parent = fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    const ChildProcess child = shell("exec sleep 60");
    const pid_t pid = child.pid();
    if (write(ends[1], &pid, sizeof pid) == sizeof pid) pause();
    _exit(1);
  }
  pid_t orphan = 0;
  REQUIRE(read(ends[0], &orphan, sizeof orphan) == sizeof orphan);
  REQUIRE(kill(parent, SIGKILL) == 0);
  REQUIRE(waitpid(parent, nullptr, 0) == parent);
  CHECK(becomes_gone(orphan));
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("an empty environment variable counts as not set", "[child_process]") {
  set_variable("LETHE_CHILD_TEST_EMPTY", "");
  set_variable("LETHE_CHILD_TEST_SET", "x");
  CHECK(environment_variable("LETHE_CHILD_TEST_EMPTY") == std::nullopt);
  CHECK(environment_variable("LETHE_CHILD_TEST_MISSING") == std::nullopt);
  CHECK(environment_variable("LETHE_CHILD_TEST_SET") == "x");
}

}  // namespace
}  // namespace lethe
