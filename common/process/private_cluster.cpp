#include "common/process/private_cluster.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <system_error>

#include "common/user_error.hpp"

namespace lethe {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds initdb_limit{120'000};
constexpr std::chrono::milliseconds stop_grace{30'000};
constexpr std::chrono::milliseconds ping_interval{20};
constexpr std::size_t log_tail_bytes = 600;
constexpr std::string_view name_prefix = "lethe-pg-";
constexpr std::string_view name_random = "XXXXXX";
constexpr std::string_view lock_name = "owner.lock";
constexpr std::string_view socket_name = ".s.PGSQL.5432";
constexpr std::size_t socket_path_max = 107;  // sun_path without its final NUL
constexpr const char* install_hint =
    "install it (sudo apt-get install --no-install-recommends postgresql) or set LETHE_PG_BINDIR "
    "to the directory of initdb and postgres";

UserError cluster_error(const std::string& what) {
  return {ExitCode::failed, "private PostgreSQL: " + what};
}

std::string error_text(int error) { return std::generic_category().message(error); }

bool has_server_programs(const fs::path& folder) {
  return access((folder / "initdb").c_str(), X_OK) == 0 &&
         access((folder / "postgres").c_str(), X_OK) == 0;
}

/// Debian's layout, where the server is not on PATH. Empty when there is none.
fs::path highest_packaged_version() {
  fs::path best;
  int best_version = 0;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator("/usr/lib/postgresql", missing)) {
    const std::string name = entry.path().filename().string();
    int version = 0;
    std::from_chars(name.data(), name.data() + name.size(), version);
    if (version <= best_version || !has_server_programs(entry.path() / "bin")) continue;
    best_version = version;
    best = entry.path() / "bin";
  }
  return best;
}

/// Empty when pg_config is not installed.
fs::path configured_bin_dir() {
  std::FILE* output = popen("pg_config --bindir 2>/dev/null", "re");
  if (output == nullptr) return {};
  std::string answer;
  for (int next = std::fgetc(output); next != EOF && next != '\n'; next = std::fgetc(output)) {
    answer.push_back(static_cast<char>(next));
  }
  pclose(output);
  return answer;
}

std::optional<UserIds> find_user(const char* name) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  return UserIds{.uid = entry.pw_uid, .gid = entry.pw_gid};
}

/// Whom the server runs as; nothing when we may run it ourselves.
std::optional<UserIds> choose_server_user() {
  if (geteuid() != 0) return std::nullopt;
  for (const char* name : {"postgres", "nobody"}) {
    const std::optional<UserIds> user = find_user(name);
    if (user && user->uid != 0) return user;
  }
  throw cluster_error(
      "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody; add one "
      "or run as another user");
}

bool others_may_enter(fs::path folder) {
  std::error_code unreadable;
  while (true) {
    const fs::perms permissions = fs::status(folder, unreadable).permissions();
    if (unreadable || (permissions & fs::perms::others_exec) == fs::perms::none) return false;
    if (folder == folder.parent_path()) return true;
    folder = folder.parent_path();
  }
}

/// $TMPDIR where a socket path below it is short enough, needs no quoting in a setting or in a
/// connection string, and can be entered by the server's user; else /tmp.
fs::path choose_parent(const std::optional<UserIds>& server_user) {
  constexpr const char* fallback = "/tmp";
  const std::optional<std::string> wanted = environment_variable("TMPDIR");
  if (!wanted) return fallback;
  const std::size_t length =
      wanted->size() + name_prefix.size() + name_random.size() + socket_name.size() + 2;
  const bool plain = std::all_of(wanted->begin(), wanted->end(), [](char letter) {
    return std::string_view("/._-+").find(letter) != std::string_view::npos ||
           (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= 'a' && letter <= 'z');
  });
  const bool usable = wanted->front() == '/' && length <= socket_path_max && plain &&
                      access(wanted->c_str(), W_OK | X_OK) == 0 &&
                      (!server_user || others_may_enter(fs::path(*wanted)));
  return usable ? fs::path(*wanted) : fallback;
}

std::string quoted_for_libpq(const std::string& value) {
  std::string quoted = "'";
  for (const char letter : value) {
    if (letter == '\'' || letter == '\\') quoted.push_back('\\');
    quoted.push_back(letter);
  }
  return quoted + "'";
}

std::string connection_string(const fs::path& directory, const std::string& database) {
  return fmt::format("host={} port=5432 user=postgres dbname={}", directory.string(),
                     quoted_for_libpq(database));
}

std::string on_one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::string line;
  for (const char letter : text) line += letter == '\n' ? " | " : std::string(1, letter);
  return line;
}

}  // namespace

/// A directory that only its owner can enter, removed with the object. It holds a lock while we
/// live, by which a later process can tell that it was left behind; a process id would not do,
/// because ids are used again and differ between containers that share /tmp.
class PrivateDirectory {
 public:
  /// Creates `<parent>/lethe-pg-XXXXXX`, owned by `owner` if given.
  PrivateDirectory(const fs::path& parent, const std::optional<UserIds>& owner)
      : path_(create(parent)) {
    try {
      lock_ = lock_new_directory(path_);
      if (owner && chown(path_.c_str(), owner->uid, owner->gid) != 0) {
        throw cluster_error(fmt::format("cannot give {} to user {}: {}", path_.string(), owner->uid,
                                        error_text(errno)));
      }
    } catch (const UserError&) {
      remove();
      throw;
    }
  }
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  ~PrivateDirectory() { remove(); }

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

  /// Removes what killed processes left in `parent`: directories of ours or of `owner` without a
  /// living process and without a living server. Symbolic links are not followed.
  static void sweep(const fs::path& parent, const std::optional<UserIds>& owner) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(parent, ignored)) {
      const std::string name = entry.path().filename().string();
      if (name.rfind(name_prefix, 0) != 0 || !is_ours(entry.path(), owner)) continue;
      const int lock =
          open((entry.path() / lock_name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
      if (lock < 0) continue;
      const bool abandoned = flock(lock, LOCK_EX | LOCK_NB) == 0 && !server_answers(entry.path());
      if (abandoned) fs::remove_all(entry.path(), ignored);
      close(lock);
    }
  }

 private:
  static fs::path create(const fs::path& parent) {
    std::string name = (parent / fmt::format("{}{}", name_prefix, name_random)).string();
    if (mkdtemp(name.data()) == nullptr) {
      throw cluster_error(
          fmt::format("cannot create a directory in {}: {}; set TMPDIR to a short "
                      "path with free space",
                      parent.string(), error_text(errno)));
    }
    return name;
  }

  /// The lock is taken under another name first: a file called owner.lock is locked from its first
  /// moment, so that no sweep can take a new directory for an abandoned one.
  static int lock_new_directory(const fs::path& directory) {
    const fs::path unlocked = directory / "owner.new";
    const fs::path locked = directory / lock_name;
    const int lock = open(unlocked.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0 ||
        rename(unlocked.c_str(), locked.c_str()) != 0) {
      const int error = errno;
      if (lock >= 0) close(lock);
      throw cluster_error(fmt::format("cannot lock {}: {}", locked.string(), error_text(error)));
    }
    return lock;
  }

  static bool is_ours(const fs::path& path, const std::optional<UserIds>& owner) {
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return false;
    return found.st_uid == geteuid() || (owner && found.st_uid == owner->uid);
  }

  /// True also while the server shuts down.
  static bool server_answers(const fs::path& directory) {
    const PGPing answer =
        PQping((connection_string(directory, "postgres") + " connect_timeout=2").c_str());
    return answer == PQPING_OK || answer == PQPING_REJECT;
  }

  void remove() noexcept {
    std::error_code ignored;  // what stays behind is swept by the next process
    fs::remove_all(path_, ignored);
    if (lock_ >= 0) close(lock_);
  }

  fs::path path_;
  int lock_ = -1;
};

fs::path find_server_programs() {
  if (const auto wanted = environment_variable("LETHE_PG_BINDIR")) {
    if (has_server_programs(*wanted)) return *wanted;
    throw cluster_error(fmt::format(
        "LETHE_PG_BINDIR={} holds no initdb and postgres; correct or unset it", *wanted));
  }
  for (const fs::path& folder :
       {highest_packaged_version(), configured_bin_dir(), find_program("postgres").parent_path()}) {
    if (!folder.empty() && has_server_programs(folder)) return folder;
  }
  throw cluster_error(fmt::format("no server is installed; {}", install_hint));
}

PrivateCluster::PrivateCluster(const ClusterOptions& options)
    : bin_dir_(find_server_programs()),
      server_user_(choose_server_user()),
      directory_(std::make_unique<PrivateDirectory>(choose_parent(server_user_), server_user_)),
      server_(start_server(options)) {
  wait_until_ready(options.start_limit);
}

PrivateCluster::~PrivateCluster() { stop(); }

void PrivateCluster::stop() {
  if (!directory_) return;
  server_.stop(stop_grace);
  directory_.reset();
}

const fs::path& PrivateCluster::directory() const noexcept {
  assert(directory_);
  return directory_->path();
}

std::string PrivateCluster::url(const std::string& database) const {
  return connection_string(directory(), database);
}

void PrivateCluster::create_database(const std::string& name) const {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url().c_str()),
                                                                &PQfinish);
  const std::unique_ptr<char, decltype(&PQfreemem)> identifier(
      PQescapeIdentifier(connection.get(), name.data(), name.size()), &PQfreemem);
  if (identifier) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> created(
        PQexec(connection.get(), fmt::format("CREATE DATABASE {}", identifier.get()).c_str()),
        &PQclear);
    if (PQresultStatus(created.get()) == PGRES_COMMAND_OK) return;
  }
  throw cluster_error(fmt::format("cannot create database '{}': {}", name,
                                  on_one_line(PQerrorMessage(connection.get()))));
}

ChildProcess PrivateCluster::spawn(const std::vector<std::string>& argv) const {
  SpawnOptions options;
  options.working_directory = directory();
  options.environment = {{"LC_ALL", "C"}};  // the log in English, and no locale that is not there
  options.stdout_file = directory() / "server.log";
  options.stderr_file = options.stdout_file;
  options.as_user = server_user_;
  options.die_with_parent = SIGINT;  // "fast shutdown": ends the sessions, then the server
  options.stop_signal = SIGINT;
  try {
    return ChildProcess::spawn(argv, options);
  } catch (const std::system_error& error) {
    throw cluster_error(error.what());
  }
}

void PrivateCluster::initialize() const {
  ChildProcess initdb = spawn({bin_dir_ / "initdb", "-D", directory() / "data", "-U", "postgres",
                               "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8"});
  const std::optional<int> exit_code = initdb.wait_for(initdb_limit);
  if (!exit_code) throw cluster_error("initdb did not end: " + log_tail());
  if (*exit_code != 0) {
    throw cluster_error(fmt::format("initdb failed ({}): {}", *exit_code, log_tail()));
  }
}

ChildProcess PrivateCluster::start_server(const ClusterOptions& options) const {
  PrivateDirectory::sweep(directory().parent_path(), server_user_);
  initialize();
  std::vector<std::string> argv{bin_dir_ / "postgres", "-D", directory() / "data"};
  const auto set = [&argv](const std::string& name, const std::string& value) {
    argv.insert(argv.end(), {"-c", fmt::format("{}={}", name, value)});
  };
  for (const auto& [name, value] : options.settings) set(name, value);
  set("listen_addresses", "");  // last, because the last one counts and trust depends on it
  set("port", "5432");
  set("unix_socket_directories", directory());
  return spawn(argv);
}

void PrivateCluster::wait_until_ready(std::chrono::milliseconds limit) {
  for (std::chrono::milliseconds waited{0}; waited < limit; waited += ping_interval) {
    if (PQping(url().c_str()) == PQPING_OK) return;
    if (const std::optional<int> exit_code = server_.wait_for(ping_interval)) {
      throw cluster_error(fmt::format("the server did not start ({}): {}", *exit_code, log_tail()));
    }
  }
  throw cluster_error(
      fmt::format("the server did not answer for {} ms: {}", limit.count(), log_tail()));
}

std::string PrivateCluster::log_tail() const {
  std::ifstream log(directory() / "server.log", std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(log), {});
  if (text.size() > log_tail_bytes) text.erase(0, text.size() - log_tail_bytes);
  return text.empty() ? "its log is empty" : on_one_line(text);
}

}  // namespace lethe
