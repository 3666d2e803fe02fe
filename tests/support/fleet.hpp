#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/process/child_process.hpp"
#include "tests/support/test_database.hpp"

namespace lethe::test {

using Json = nlohmann::ordered_json;

/// What the environment variable LETHE_TEST_ADVERSITY asks of every fleet whose test does not
/// choose endpoints of its own. Nothing may depend on it but latency.
enum class Adversity {
  none,
  messages,        ///< "messages": they work
  mute,            ///< "mute": ports take connections and say nothing
  damaged,         ///< "damaged": messages are doubled, reordered, cut, replaced, lost
  late_scheduler,  ///< "late-scheduler": each scheduler starts a minute after it was started
};
/// Throws std::runtime_error for an unknown name.
[[nodiscard]] Adversity adversity();

/// How long a test waits for something that must happen, before it gives up.
[[nodiscard]] std::chrono::milliseconds patience();

/// Looks at `condition` again and again until it holds; false when `limit` went by before.
[[nodiscard]] bool eventually(const std::function<bool()>& condition,
                              std::chrono::milliseconds limit = patience());

/// What became of a command that has ended.
struct CommandResult {
  int exit_code = -1;  ///< as a shell reports it; -1: it did not end in time and was killed
  std::string out;
  std::string err;

  /// The array on standard output. Throws Json::exception when it is none.
  [[nodiscard]] Json json() const { return Json::parse(out); }
};

using Environment = std::vector<std::pair<std::string, std::string>>;

/// A process of the fleet that goes on while the test does; what it says goes to a file. Stopped on
/// destruction.
class Daemon {
 public:
  Daemon(const std::string& program, const std::vector<std::string>& arguments,
         Environment environment, const std::filesystem::path& log);

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] bool running() { return process_.running(); }
  [[nodiscard]] std::string log() const;
  void signal(int number) { process_.signal(number); }
  /// The exit code; -1 when it still runs after `limit`.
  int wait(std::chrono::milliseconds limit = patience());
  /// kill -9, and waits until the process is gone.
  void kill_now();

 private:
  std::filesystem::path log_;
  ChildProcess process_;
};

/// A control database and a target, both as createdb makes them, and the real programs at work on
/// them. Daemons are stopped before the databases are dropped. For the main thread only (see
/// SpawnOptions::die_with_parent). Errors: std::runtime_error when something that every test relies
/// on does not work.
class Fleet {
 public:
  Fleet();
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  [[nodiscard]] TestDatabase& control() { return control_; }
  [[nodiscard]] TestDatabase& target() { return target_; }

  /// What a person does first: migrate, target add, target install. The target is called "app" and
  /// its connection string is target().url() followed by `url_extra`.
  void install(const std::string& url_extra = "");

  /// Runs a program to its end; LETHE_DATABASE_URL names the control database unless `environment`
  /// says otherwise.
  CommandResult run_program(const std::string& program, const std::vector<std::string>& arguments,
                            const Environment& environment = {});
  CommandResult lethe(const std::vector<std::string>& arguments,
                      const Environment& environment = {}) {
    return run_program("lethe", arguments, environment);
  }
  /// The same for a command that must succeed. Throws std::runtime_error with what it said if not.
  std::string must(const std::vector<std::string>& arguments);
  /// must() with --output json.
  Json json(std::vector<std::string> arguments);

  /// Writes a file into the fleet's own directory and returns its path.
  std::string write_file(const std::string& name, const std::string& text);
  /// `policy apply` of this text, which must succeed.
  void apply(const std::string& yaml);

  /// Starts a program and does not wait for it.
  Daemon& start(const std::string& program, const std::vector<std::string>& arguments,
                const Environment& environment = {});
  /// Quick for a test: a worker is lost after 25 s, the shortest that is allowed.
  Daemon& start_scheduler(const Environment& environment = {});
  /// For a test of the schedulers themselves: Adversity::late_scheduler leaves them alone.
  void start_schedulers_at_once() { scheduler_may_be_late_ = false; }
  /// Quick for a test: a heartbeat each second, a look for tasks every 50 ms.
  Daemon& start_worker(const std::vector<std::string>& arguments = {},
                       const Environment& environment = {});

  /// The id under which a worker registered; waits for it. 0 when it never did.
  std::int64_t worker_id(const Daemon& worker);
  /// Makes a worker that is dead already look as if it had been so for a minute.
  void age_heartbeat(std::int64_t worker);
  /// Waits until a run has ended and returns its state, or the last state seen.
  std::string end_of(const std::string& run);
  /// What a query on the target finds: ids.
  std::set<std::int64_t> ids(const std::string& query);
  /// What is wrong after runs that found `rows` rows in public.t and had to leave exactly `kept`:
  /// "" when those are there and fences, ledger and runs each counted all others.
  std::string disagreement(const std::set<std::int64_t>& kept, std::int64_t rows);

 private:
  Environment with_control(const Environment& environment);
  /// Lets a scheduler that is about to start serve messages, as adversity() wants them.
  void add_endpoints(Environment& scheduler);
  std::filesystem::path next_file(const std::string& what);

  TestDatabase control_{false};
  TestDatabase target_{false};
  std::filesystem::path directory_;
  std::deque<Daemon> daemons_;
  int files_ = 0;
  int relays_ = 0;
  bool scheduler_may_be_late_ = true;
};

/// public.t(id, created_at, tenant, note): `rows` rows of about a kilobyte. Rows whose id is
/// divisible by four are an hour old, all others 100 days and id minutes.
void make_table(TestDatabase& target, int rows);

/// The rows of make_table() that a policy of 90 days must leave alone.
inline constexpr const char* fresh_ids =
    "SELECT id FROM public.t WHERE created_at >= now() - interval '90 days'";
inline constexpr const char* all_ids = "SELECT id FROM public.t";

/// A policy "t-90d" on make_table() whose first run needs nobody's word, with more keys if wanted,
/// one "key: value" each.
[[nodiscard]] std::string policy_yaml(const std::vector<std::string>& more = {});

/// Holds batches that have come to certain rows of public.t, by a trigger that waits for a lock of
/// the test. Installs and takes hold on construction; lets go of all on destruction.
class Brake {
 public:
  Brake(TestDatabase& target, const std::vector<int>& rows);
  ~Brake();
  Brake(const Brake&) = delete;
  Brake& operator=(const Brake&) = delete;

  /// Waits until a batch stands before this row.
  [[nodiscard]] bool holds_a_batch(int row);
  /// Lets whoever stands before this row, or comes to it later, go on.
  void release(int row);

 private:
  TestDatabase& target_;
  pqxx::connection connection_;
};

}  // namespace lethe::test
