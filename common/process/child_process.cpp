#include "common/process/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <limits>
#include <sstream>
#include <string_view>
#include <system_error>

namespace lethe {
namespace {

constexpr std::chrono::milliseconds destructor_grace{5000};
constexpr std::chrono::milliseconds poll_interval{10};        // where the kernel has no pidfd
constexpr std::chrono::milliseconds poll_longest{3'600'000};  // poll() counts in an int
constexpr int first_inherited_descriptor = 3;
constexpr int descriptors_max = 65536;  // for kernels without close_range; their limit may be huge
constexpr int exit_code_lost = 255;

enum class Step : int { user, die_with_parent, parent_gone, directory, output, execute };

const char* to_string(Step step) {
  switch (step) {
    case Step::user: return "change user";
    case Step::die_with_parent: return "tie to the parent";
    case Step::parent_gone: return "parent ended";
    case Step::directory: return "enter working directory";
    case Step::output: return "open output file";
    case Step::execute: return "execute";
  }
  return "start";
}

/// What the child tells the parent through a pipe when it could not become the program.
struct StartFailure {
  Step step = Step::execute;
  int error = 0;
};

/// Everything the child needs, allocated before fork: after it only async-signal-safe calls are
/// allowed, because another thread may have held the allocator's lock.
struct LaunchPlan {
  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  SpawnOptions options;
  pid_t parent = 0;
  int descriptor_limit = 0;
};

std::vector<char*> c_strings(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> merged_environment(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> merged;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const std::string name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(added.begin(), added.end(),
                                      [&](const auto& addition) { return addition.first == name; });
    if (!replaced) merged.push_back(text);
  }
  for (const auto& [name, value] : added) merged.push_back(fmt::format("{}={}", name, value));
  return merged;
}

int descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return descriptors_max;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, descriptors_max));
}

void keep_descriptors_from_program(int limit) {
#ifdef SYS_close_range
  constexpr unsigned int close_on_exec = 1U << 2;
  if (syscall(SYS_close_range, static_cast<unsigned int>(first_inherited_descriptor),
              std::numeric_limits<unsigned int>::max(), close_on_exec) == 0) {
    return;
  }
#endif
  for (int descriptor = first_inherited_descriptor; descriptor < limit; ++descriptor) {
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }
}

void reset_signals() {
  struct sigaction default_action {};
  default_action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &default_action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

bool become_user(const UserIds& user) {
  return setgroups(0, nullptr) == 0 && setresgid(user.gid, user.gid, user.gid) == 0 &&
         setresuid(user.uid, user.uid, user.uid) == 0;
}

bool redirect(int descriptor, const char* file, int flags) {
  const int opened = open(file, flags, 0600);
  return opened >= 0 && (opened == descriptor || dup2(opened, descriptor) == descriptor);
}

bool redirect_all(const SpawnOptions& options) {
  constexpr int append = O_WRONLY | O_CREAT | O_APPEND;
  return redirect(STDIN_FILENO, "/dev/null", O_RDONLY) &&
         (options.stdout_file.empty() ||
          redirect(STDOUT_FILENO, options.stdout_file.c_str(), append)) &&
         (options.stderr_file.empty() ||
          redirect(STDERR_FILENO, options.stderr_file.c_str(), append));
}

/// Runs in the child between fork and exec. Returns the step that failed, with errno set.
Step become_program(const LaunchPlan& plan) {
  const SpawnOptions& options = plan.options;
  if (options.own_process_group) setpgid(0, 0);
  if (options.as_user && !become_user(*options.as_user)) return Step::user;
  if (options.die_with_parent != 0) {
    // After the change of user, which clears the setting. The parent may have ended before it.
    if (prctl(PR_SET_PDEATHSIG, options.die_with_parent) != 0) return Step::die_with_parent;
    if (getppid() != plan.parent) return Step::parent_gone;
  }
  if (!options.working_directory.empty() && chdir(options.working_directory.c_str()) != 0) {
    return Step::directory;
  }
  keep_descriptors_from_program(plan.descriptor_limit);
  if (!redirect_all(options)) return Step::output;
  reset_signals();
  execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  return Step::execute;
}

LaunchPlan launch_plan(const std::vector<std::string>& argv, const SpawnOptions& options) {
  LaunchPlan plan;
  const std::filesystem::path program = argv.empty() ? "" : find_program(argv.front());
  if (program.empty()) {
    throw std::system_error(
        ENOENT, std::generic_category(),
        fmt::format("cannot start '{}': find program", argv.empty() ? "" : argv.front()));
  }
  plan.program = std::filesystem::absolute(program).string();
  plan.arguments = argv;
  plan.environment = merged_environment(options.environment);
  plan.argv = c_strings(plan.arguments);
  plan.envp = c_strings(plan.environment);
  plan.options = options;
  plan.parent = getpid();
  plan.descriptor_limit = descriptor_limit();
  return plan;
}

/// A pipe that the program does not inherit; its write end stays clear of the standard streams,
/// which the child replaces.
struct ReportPipe {
  ReportPipe() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw std::system_error(errno, std::generic_category(), "cannot start a program: pipe");
    }
    read_end = ends[0];
    write_end = fcntl(ends[1], F_DUPFD_CLOEXEC, first_inherited_descriptor);
    const int error = errno;
    close(ends[1]);
    if (write_end < 0) {
      close(read_end);
      throw std::system_error(error, std::generic_category(), "cannot start a program: pipe");
    }
  }
  ~ReportPipe() {
    close(read_end);
    if (write_end >= 0) close(write_end);
  }
  ReportPipe(const ReportPipe&) = delete;
  ReportPipe& operator=(const ReportPipe&) = delete;

  /// Waits until the child has become the program (nothing) or has failed to.
  std::optional<StartFailure> receive() {
    close(write_end);
    write_end = -1;
    StartFailure failure;
    ssize_t size = -1;
    do size = read(read_end, &failure, sizeof failure);
    while (size < 0 && errno == EINTR);
    if (size != static_cast<ssize_t>(sizeof failure)) return std::nullopt;
    return failure;
  }

  int read_end = -1;
  int write_end = -1;
};

/// fork() with every signal blocked, so that no handler of the parent runs in the child.
pid_t launch(const LaunchPlan& plan, int report) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) {
    StartFailure failure;
    failure.step = become_program(plan);
    failure.error = errno;
    const ssize_t written = write(report, &failure, sizeof failure);
    _exit(written < 0 ? 126 : 127);
  }
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    throw std::system_error(error, std::generic_category(),
                            fmt::format("cannot start '{}': fork", plan.program));
  }
  return pid;
}

/// A parent that was itself started with SIGCHLD ignored would never learn an exit code.
void observe_children() {
  struct sigaction current {};
  sigaction(SIGCHLD, nullptr, &current);
  if (current.sa_handler == SIG_IGN) std::signal(SIGCHLD, SIG_DFL);
}

int open_pid(pid_t pid) {
#ifdef SYS_pidfd_open
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0U));
#else
  return -1;
#endif
}

}  // namespace

ChildProcess ChildProcess::spawn(const std::vector<std::string>& argv,
                                 const SpawnOptions& options) {
  const LaunchPlan plan = launch_plan(argv, options);
  observe_children();
  ReportPipe report;
  ChildProcess child(launch(plan, report.write_end), options);
  if (const std::optional<StartFailure> failure = report.receive()) {
    throw std::system_error(
        failure->error, std::generic_category(),
        fmt::format("cannot start '{}': {}", plan.program, to_string(failure->step)));
  }
  return child;
}

ChildProcess::ChildProcess(pid_t pid, const SpawnOptions& options)
    : pid_(pid),
      pid_descriptor_(open_pid(pid)),
      leads_group_(options.own_process_group),
      stop_signal_(options.stop_signal) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pid_descriptor_(std::exchange(other.pid_descriptor_, -1)),
      leads_group_(other.leads_group_),
      stop_signal_(other.stop_signal_),
      exit_code_(other.exit_code_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  ChildProcess previous(std::move(*this));
  pid_ = std::exchange(other.pid_, -1);
  pid_descriptor_ = std::exchange(other.pid_descriptor_, -1);
  leads_group_ = other.leads_group_;
  stop_signal_ = other.stop_signal_;
  exit_code_ = other.exit_code_;
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  stop(destructor_grace);
  if (pid_descriptor_ >= 0) close(pid_descriptor_);
}

bool ChildProcess::reap() {
  if (pid_ < 0 || exit_code_) return true;
  int status = 0;
  const pid_t ended = waitpid(pid_, &status, WNOHANG);
  if (ended == 0) return false;
  if (ended < 0) {
    exit_code_ = exit_code_lost;
  } else {
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return true;
}

void ChildProcess::signal(int number) {
  if (running()) kill(leads_group_ ? -pid_ : pid_, number);
}

std::optional<int> ChildProcess::wait_for(std::chrono::milliseconds duration) {
  std::chrono::milliseconds left = duration;
  while (!reap()) {
    if (left.count() <= 0) return std::nullopt;
    const auto slice = std::min(left, pid_descriptor_ >= 0 ? poll_longest : poll_interval);
    pollfd ended{pid_descriptor_, POLLIN, 0};  // poll() ignores a negative descriptor
    if (poll(&ended, 1, static_cast<int>(slice.count())) >= 0) left -= slice;
  }
  return exit_code_;
}

int ChildProcess::stop(std::chrono::milliseconds grace) {
  signal(stop_signal_);
  if (!wait_for(grace)) {
    signal(SIGKILL);
    while (!wait_for(poll_longest)) continue;
  }
  return exit_code_.value_or(exit_code_lost);
}

std::filesystem::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  std::istringstream folders(environment_variable("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::filesystem::path candidate = std::filesystem::path(folder) / name;
    std::error_code unreadable;
    if (std::filesystem::is_regular_file(candidate, unreadable) &&
        access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return {};
}

std::optional<std::string> environment_variable(const std::string& name) {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (text.substr(0, equals) != name || equals + 1 >= text.size()) continue;
    return std::string(text.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace lethe
