// `lethe demo` and `lethe up` as real processes, with the private PostgreSQL that they start.

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/process/child_process.hpp"
#include "tests/support/catch.hpp"

namespace lethe {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

const fs::path programs = LETHE_BIN_DIR;
constexpr seconds end_limit{120};

/// "" when a process ends while it is read from /proc, which iterators would throw for.
std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// One command of `lethe`, with a directory for its temporary files in which nothing may be left.
class Command {
 public:
  explicit Command(std::vector<std::string> arguments, const fs::path& program = programs / "lethe")
      : directory_(make_directory()), process_(start(std::move(arguments), program)) {}
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  ~Command() {
    process_.stop(seconds(40));
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  std::string out() const { return text_of(directory_ / "out"); }
  std::string err() const { return text_of(directory_ / "err"); }
  ChildProcess& process() { return process_; }
  int wait() { return process_.wait_for(end_limit).value_or(-1); }

  /// False when the command ended or two minutes went by before it had written `part`.
  bool wait_for_output(const std::string& part) {
    for (milliseconds waited{0}; waited < end_limit; waited += milliseconds(50)) {
      if (out().find(part) != std::string::npos) return true;
      if (process_.wait_for(milliseconds(50))) return false;
    }
    return false;
  }

  /// The ids of living processes with `word` in their command line that work for this command.
  std::vector<pid_t> processes(const std::string& word) const {
    std::vector<pid_t> found;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string line = text_of(entry.path() / "cmdline");
      const std::string environment = text_of(entry.path() / "environ");
      const bool is_ours = (line + environment).find(directory_.string()) != std::string::npos;
      if (is_ours && line.find(word) != std::string::npos) found.push_back(std::stoi(name));
    }
    return found;
  }

  bool left_nothing() const {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
      const fs::path name = entry.path().filename();
      if (name != "out" && name != "err") return false;
    }
    return processes("").empty();
  }

 private:
  static fs::path make_directory() {
    std::string name = "/tmp/lethe-e2e-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a directory");
    fs::permissions(name, fs::perms(0755));  // the server may run as another user
    return name;
  }

  ChildProcess start(std::vector<std::string> arguments, const fs::path& program) const {
    arguments.insert(arguments.begin(), program.string());
    SpawnOptions options;
    options.environment = {{"TMPDIR", directory_.string()}, {"LETHE_DATABASE_URL", "host=nowhere"}};
    options.stdout_file = directory_ / "out";
    options.stderr_file = directory_ / "err";
    return ChildProcess::spawn(arguments, options);
  }

  fs::path directory_;
  ChildProcess process_;
};

TEST_CASE("the demonstration deletes exactly what had to go and leaves nothing behind", "[demo]") {
  Command demo({"demo", "--rows", "20000", "--output", "json"});
  const int exit_code = demo.wait();
  INFO(demo.err());
  REQUIRE(exit_code == 0);
  const auto summary = nlohmann::json::parse(demo.out());
  REQUIRE(summary.size() == 3);
  std::int64_t rows = 0;
  for (const auto& policy : summary) {
    INFO(policy.dump());
    CHECK(policy.at("state") == "satisfied");
    CHECK(policy.at("agrees") == true);
    CHECK(policy.at("deleted") > 0);
    CHECK(policy.at("deleted") == policy.at("ledger_rows"));
    CHECK(policy.at("deleted") == policy.at("eligible_before"));
    CHECK(policy.at("eligible_after") == 0);
    CHECK(policy.at("tasks") >= 3);  // plan, clean, verify
    rows += policy.at("rows_before").get<std::int64_t>();
  }
  CHECK(rows == 20'000);
  CHECK(summary[0].at("keep_min") > 0);
  CHECK(summary[0].at("tenant_off") > 0);
  CHECK(summary[2].at("condition") > 0);
  CHECK(demo.left_nothing());
}

TEST_CASE("two demonstrations of the same size make the same data", "[demo]") {
  Command one({"demo", "--rows", "10000", "--output", "json"});
  Command two({"demo", "--rows", "10000", "--output", "json", "--workers", "1", "--slots", "1"});
  REQUIRE(one.wait() == 0);
  REQUIRE(two.wait() == 0);
  const auto summary_of_one = nlohmann::json::parse(one.out());
  const auto summary_of_two = nlohmann::json::parse(two.out());
  for (const std::size_t policy : {0U, 1U, 2U}) {
    for (const char* count : {"rows_before", "deleted", "kept", "keep_min", "tenant_off"})
      CHECK(summary_of_one[policy].at(count) == summary_of_two[policy].at(count));
  }
}

TEST_CASE("a demonstration that is interrupted leaves nothing behind", "[demo]") {
  Command demo({"demo", "--rows", "1000000"});
  REQUIRE(demo.wait_for_output("sample data"));
  demo.process().signal(SIGINT);
  CHECK(demo.wait() == 1);
  CHECK(demo.err().find("interrupted") != std::string::npos);
  CHECK(demo.left_nothing());
}

TEST_CASE("up serves until it is asked to stop and leaves nothing behind", "[up]") {
  Command up({"up", "--workers", "1", "--output", "json"});
  REQUIRE(up.wait_for_output("]\n"));
  const auto fleet = nlohmann::json::parse(up.out()).at(0);
  CHECK(up.processes("lethe-worker").size() == 1);
  CHECK(up.processes("lethe-scheduler").size() == 1);

  Command list({"worker", "list", "--output", "json", "--database", fleet.at("database")});
  REQUIRE(list.wait() == 0);
  CHECK(nlohmann::json::parse(list.out()).size() == 1);
  Command check(
      {"target", "check", "app", "--allow-superuser", "--database", fleet.at("database")});
  CHECK(check.wait() == 0);

  up.process().signal(SIGTERM);
  CHECK(up.wait() == 0);
  CHECK(up.left_nothing());
}

TEST_CASE("up says which daemon has died and takes the rest down", "[up]") {
  Command up({"up"});
  REQUIRE(up.wait_for_output("Ctrl-C ends everything"));
  const std::vector<pid_t> workers = up.processes("lethe-worker");
  REQUIRE(workers.size() == 2);
  kill(workers.front(), SIGKILL);
  CHECK(up.wait() == 1);
  CHECK(up.err().find("has ended (137)") != std::string::npos);
  CHECK(up.left_nothing());
}

TEST_CASE("up without the daemons' programs says so before it starts anything", "[up]") {
  std::string alone = "/tmp/lethe-alone-XXXXXX";
  REQUIRE(mkdtemp(alone.data()) != nullptr);
  fs::copy_file(programs / "lethe", fs::path(alone) / "lethe");
  {
    Command up({"up"}, fs::path(alone) / "lethe");
    CHECK(up.wait() == 1);
    CHECK(up.err().find("lethe-scheduler is not in " + alone) != std::string::npos);
    CHECK(up.left_nothing());
  }
  fs::remove_all(alone);
}

}  // namespace
}  // namespace lethe
