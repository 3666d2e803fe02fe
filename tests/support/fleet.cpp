#include "tests/support/fleet.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace lethe::test {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds poll_interval{20};
constexpr milliseconds usual_patience{45'000};
constexpr milliseconds command_grace{10'000};
constexpr std::chrono::seconds scheduler_delay{60};
constexpr milliseconds stop_grace{5'000};
constexpr int brake_class = 4'711;  // of the advisory locks; the row's id is the other half

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

fs::path make_directory() {
  std::string name = "/tmp/lethe-e2e-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a directory");
  return name;
}

ChildProcess spawn(const std::string& program, std::vector<std::string> arguments,
                   Environment environment, const fs::path& out, const fs::path& err) {
  arguments.insert(arguments.begin(), (fs::path(LETHE_BIN_DIR) / program).string());
  SpawnOptions options;
  options.environment = std::move(environment);
  options.stdout_file = out;
  options.stderr_file = err;
  return ChildProcess::spawn(arguments, options);
}

}  // namespace

Adversity adversity() {
  static const Adversity chosen = [] {
    const char* value = std::getenv("LETHE_TEST_ADVERSITY");
    const std::string name = value == nullptr ? "" : value;
    if (name.empty()) return Adversity::none;
    if (name == "messages") return Adversity::messages;
    if (name == "mute") return Adversity::mute;
    if (name == "damaged") return Adversity::damaged;
    if (name == "late-scheduler") return Adversity::late_scheduler;
    throw std::runtime_error("LETHE_TEST_ADVERSITY: " + name + " is unknown");
  }();
  return chosen;
}

milliseconds patience() {
  return adversity() == Adversity::late_scheduler ? usual_patience + scheduler_delay
                                                  : usual_patience;
}

bool eventually(const std::function<bool()>& condition, milliseconds limit) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= give_up) return false;
    std::this_thread::sleep_for(poll_interval);
  }
  return true;
}

Daemon::Daemon(const std::string& program, const std::vector<std::string>& arguments,
               Environment environment, const fs::path& log)
    : log_(log), process_(spawn(program, arguments, std::move(environment), log, log)) {}

std::string Daemon::log() const { return text_of(log_); }

int Daemon::wait(milliseconds limit) { return process_.wait_for(limit).value_or(-1); }

void Daemon::kill_now() {
  process_.signal(SIGKILL);
  static_cast<void>(process_.wait_for(patience()));
}

Fleet::Fleet() : directory_(make_directory()) {}

Fleet::~Fleet() {
  for (Daemon& daemon : daemons_) daemon.signal(SIGTERM);
  for (Daemon& daemon : daemons_) {
    if (daemon.wait(stop_grace) < 0) daemon.kill_now();
  }
  daemons_.clear();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void Fleet::install(const std::string& url_extra) {
  must({"migrate"});
  must({"target", "add", "app", "--url", target_.url() + url_extra});
  must({"target", "install", "app"});
}

fs::path Fleet::next_file(const std::string& what) {
  return directory_ / fmt::format("{}-{}", ++files_, what);
}

Environment Fleet::with_control(const Environment& environment) {
  // The private server has no other role than its superuser until a test makes one.
  Environment all = environment;
  for (const auto& usual :
       Environment{{"LETHE_DATABASE_URL", control_.url()}, {"LETHE_SUPERUSER", "allow"}}) {
    const bool is_given = std::any_of(environment.begin(), environment.end(),
                                      [&](const auto& one) { return one.first == usual.first; });
    if (!is_given) all.push_back(usual);
  }
  return all;
}

CommandResult Fleet::run_program(const std::string& program,
                                 const std::vector<std::string>& arguments,
                                 const Environment& environment) {
  const fs::path out = next_file("out");
  const fs::path err = next_file("err");
  ChildProcess process = spawn(program, arguments, with_control(environment), out, err);
  CommandResult result;
  result.exit_code = process.wait_for(patience() + command_grace).value_or(-1);
  if (result.exit_code < 0) process.stop(milliseconds(0));
  result.out = text_of(out);
  result.err = text_of(err);
  return result;
}

std::string Fleet::must(const std::vector<std::string>& arguments) {
  const CommandResult result = lethe(arguments);
  if (result.exit_code != 0)
    throw std::runtime_error(fmt::format("lethe {} ended with {}: {}{}", fmt::join(arguments, " "),
                                         result.exit_code, result.err, result.out));
  return result.out;
}

Json Fleet::json(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--output", "json"});
  return Json::parse(must(arguments));
}

std::string Fleet::write_file(const std::string& name, const std::string& text) {
  const fs::path file = directory_ / name;
  std::ofstream(file, std::ios::binary) << text;
  return file.string();
}

void Fleet::apply(const std::string& yaml) {
  must({"policy", "apply", "-f", write_file("policies.yaml", yaml)});
}

Daemon& Fleet::start(const std::string& program, const std::vector<std::string>& arguments,
                     const Environment& environment) {
  return daemons_.emplace_back(program, arguments, with_control(environment),
                               next_file(fs::path(program).filename()));
}

Daemon& Fleet::start_scheduler(const Environment& environment) {
  Environment all{{"LETHE_WORKER_TTL_SECONDS", "25"}, {"LETHE_TICK_MS", "50"}};
  all.insert(all.end(), environment.begin(), environment.end());
  const bool has_own = std::any_of(environment.begin(), environment.end(), [](const auto& one) {
    return one.first.rfind("LETHE_CONTROL_", 0) == 0;
  });
  if (!has_own) add_endpoints(all);
  if (adversity() != Adversity::late_scheduler || !scheduler_may_be_late_)
    return start("lethe-scheduler", {}, all);
  return start("/bin/sh",
               {"-c", fmt::format("sleep {}; exec \"$0\"", scheduler_delay.count()),
                (fs::path(LETHE_BIN_DIR) / "lethe-scheduler").string()},
               all);
}

void Fleet::add_endpoints(Environment& scheduler) {
  if (adversity() == Adversity::none || adversity() == Adversity::late_scheduler) return;
  constexpr int first_port = 7'401;
  constexpr int ports_each = 10;
  const int port = first_port + ports_each * relays_++;
  // A pair of this machine's own addresses for each test that runs now.
  const auto address = [pid = static_cast<unsigned>(getpid())](unsigned net) {
    return fmt::format("127.{}.{}.{}", net, (pid >> 8U) & 0xffU, pid & 0xffU);
  };
  const std::string back = address(64);
  const std::string front = address(65);
  int gate = 0;
  for (const char* name : {"WORKERS", "OPERATORS", "EVENTS"})
    scheduler.emplace_back(fmt::format("LETHE_CONTROL_{}", name),
                           fmt::format("tcp://{}:{}", back, port + gate++));
  scheduler.emplace_back("LETHE_CONTROL_INSECURE", "allow");
  if (adversity() == Adversity::messages) return;
  scheduler.emplace_back("LETHE_CONTROL_HOST", front);
  start("message_relay", {adversity() == Adversity::damaged ? "damaged" : "mute", front, back,
                          std::to_string(port)});
}

Daemon& Fleet::start_worker(const std::vector<std::string>& arguments,
                            const Environment& environment) {
  Environment all{{"LETHE_HEARTBEAT_SECONDS", "1"}, {"LETHE_IDLE_POLL_MS", "50"}};
  if (adversity() != Adversity::none) all.emplace_back("LETHE_CONTROL_INSECURE", "allow");
  all.insert(all.end(), environment.begin(), environment.end());
  return start("lethe-worker", arguments, all);
}

std::int64_t Fleet::worker_id(const Daemon& worker) {
  const std::string query =
      fmt::format("SELECT max(id) FROM lethe.workers WHERE instance LIKE '%:{}'", worker.pid());
  std::int64_t id = 0;
  static_cast<void>(eventually([&] {
    id = control_.number(query);
    return id != 0;
  }));
  return id;
}

void Fleet::age_heartbeat(std::int64_t worker) {
  control_.execute(fmt::format(
      "UPDATE lethe.workers SET last_seen = last_seen - interval '1 minute' WHERE id = {}",
      worker));
}

std::string Fleet::end_of(const std::string& run) {
  static_cast<void>(eventually([&] {
    return control_.number(
               "SELECT count(*) FROM lethe.runs WHERE finished_at IS NOT NULL AND id = '" + run +
               "'") > 0;
  }));
  return control_.text("SELECT state FROM lethe.runs WHERE id = '" + run + "'");
}

std::set<std::int64_t> Fleet::ids(const std::string& query) {
  std::set<std::int64_t> found;
  for (const auto& row : target_.execute(query)) found.insert(row.at(0).as<std::int64_t>());
  return found;
}

std::string Fleet::disagreement(const std::set<std::int64_t>& kept, std::int64_t rows) {
  const std::set<std::int64_t> left = ids(all_ids);
  std::vector<std::int64_t> lost;
  std::vector<std::int64_t> forgotten;
  std::set_difference(kept.begin(), kept.end(), left.begin(), left.end(), std::back_inserter(lost));
  std::set_difference(left.begin(), left.end(), kept.begin(), kept.end(),
                      std::back_inserter(forgotten));
  const std::int64_t gone = rows - static_cast<std::int64_t>(left.size());
  const std::int64_t ledger = target_.number("SELECT sum(rows) FROM lethe.ledger");
  const std::int64_t fences = target_.number("SELECT sum(rows) FROM lethe.fence");
  const std::int64_t runs = control_.number("SELECT sum(rows) FROM lethe.runs");
  if (lost.empty() && forgotten.empty() && ledger == gone && fences == gone && runs == gone)
    return "";
  return fmt::format(
      "{} rows that must stay are gone, {} rows that must go are left; gone {}, ledger {}, fences "
      "{}, runs {}",
      lost.size(), forgotten.size(), gone, ledger, fences, runs);
}

void make_table(TestDatabase& target, int rows) {
  target.execute(fmt::format(
      "CREATE TABLE public.t (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, tenant text, "
      "note text NOT NULL); INSERT INTO public.t SELECT n, CASE n % 4 WHEN 0 THEN now() - interval "
      "'1 hour' ELSE now() - interval '100 days' - n * interval '1 minute' END, 't' || n % 10, "
      "repeat('x', 1000) FROM generate_series(1, {}) n",
      rows));
  target.execute("ANALYZE public.t");
}

std::string policy_yaml(const std::vector<std::string>& more) {
  std::string yaml =
      "policies:\n  - name: t-90d\n    target: app\n    table: public.t\n    timestamp: "
      "created_at\n"
      "    retain: 90 days\n    acknowledge_above: 1000000000\n";
  for (const std::string& line : more) yaml += fmt::format("    {}\n", line);
  return yaml;
}

Brake::Brake(TestDatabase& target, const std::vector<int>& rows)
    : target_(target), connection_(target.url()) {
  // The trigger's own lock_timeout: a batch that waits here must not give up after half a second.
  target_.execute(fmt::format(
      "CREATE FUNCTION public.brake() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ "
      "BEGIN PERFORM pg_advisory_xact_lock_shared({}, OLD.id::integer); RETURN OLD; END $$; "
      "CREATE TRIGGER brake BEFORE DELETE ON public.t FOR EACH ROW WHEN (OLD.id IN ({})) EXECUTE "
      "FUNCTION public.brake()",
      brake_class, fmt::join(rows, ", ")));
  pqxx::nontransaction work(connection_);
  for (const int row : rows)
    work.exec(fmt::format("SELECT pg_advisory_lock({}, {})", brake_class, row));
}

Brake::~Brake() = default;

bool Brake::holds_a_batch(int row) {
  const std::string query = fmt::format(
      "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = "
      "current_database() WHERE l.locktype = 'advisory' AND l.classid = {} AND l.objid = {} AND "
      "NOT "
      "l.granted",
      brake_class, row);
  return eventually([&] { return target_.number(query) > 0; });
}

void Brake::release(int row) {
  pqxx::nontransaction work(connection_);
  work.exec(fmt::format("SELECT pg_advisory_unlock({}, {})", brake_class, row));
}

}  // namespace lethe::test
