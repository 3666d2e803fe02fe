#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lethe {

/// Whom a child runs as. All supplementary groups are dropped.
struct UserIds {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// How to start a child. The defaults fit a program that must not outlive its parent.
struct SpawnOptions {
  std::filesystem::path working_directory{};  ///< empty: the parent's
  /// Names and values added to the parent's environment; an equal name is replaced.
  std::vector<std::pair<std::string, std::string>> environment{};
  /// Appended to, relative to the working directory; created with mode 0600 and owned by the
  /// child's user. Empty: the parent's.
  std::filesystem::path stdout_file{};
  std::filesystem::path stderr_file{};  ///< may be the same file as stdout_file
  std::optional<UserIds> as_user{};     ///< only root may set it; nothing: the parent's
  /// Sent by the kernel when the *thread* that called spawn() ends, so spawn from the main thread.
  /// 0: the child may outlive its parent.
  int die_with_parent = SIGTERM;
  /// The child leads a process group of its own: Ctrl-C in a terminal reaches only the parent, who
  /// decides, and signals go to the child together with what it started.
  bool own_process_group = true;
  int stop_signal = SIGTERM;  ///< what asks the program politely to end
};

/// A program started by this process. Its destructor stops it. Standard input is /dev/null; no
/// other descriptor, signal handler or signal mask of the parent is inherited.
/// Not safe to share between threads.
class ChildProcess {
 public:
  /// Starts argv[0], which is searched in PATH when it has no slash, and returns when the program
  /// has been loaded. Throws std::system_error, naming the program and the step that failed. Takes
  /// back an "ignore" of SIGCHLD, under which no exit code could be read.
  [[nodiscard]] static ChildProcess spawn(const std::vector<std::string>& argv,
                                          const SpawnOptions& options = {});

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running() { return !reap(); }

  /// Sends a signal to the child, or to its whole group when it leads one. Does nothing once the
  /// child has ended.
  void signal(int number);

  /// The exit code as a shell reports it (128 + n for an end by signal n; 255 when something else
  /// in this process collected it), or nothing when the child still runs after `duration`.
  [[nodiscard]] std::optional<int> wait_for(std::chrono::milliseconds duration);

  /// Sends stop_signal, waits up to `grace`, then sends SIGKILL. Returns the exit code.
  int stop(std::chrono::milliseconds grace);

 private:
  ChildProcess(pid_t pid, const SpawnOptions& options);
  [[nodiscard]] bool reap();

  pid_t pid_ = -1;  // -1: moved from
  int pid_descriptor_ = -1;
  bool leads_group_ = false;
  int stop_signal_ = SIGTERM;
  std::optional<int> exit_code_;
};

/// The path of a program: `name` itself when it has a slash, else the first executable file of that
/// name in PATH. Empty when there is none.
[[nodiscard]] std::filesystem::path find_program(const std::string& name);

/// The value of an environment variable, or nothing when it is not set or empty.
[[nodiscard]] std::optional<std::string> environment_variable(const std::string& name);

}  // namespace lethe
