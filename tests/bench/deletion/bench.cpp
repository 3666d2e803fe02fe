#include "tests/bench/deletion/bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>

namespace lethe::bench {

namespace {

constexpr std::chrono::minutes run_limit{30};
constexpr double bytes_per_megabyte = 1e6;

/// The most memory that a process has had in use so far.
double peak_mb(const test::Daemon& daemon) {
  std::ifstream status(fmt::format("/proc/{}/status", daemon.pid()));
  for (std::string word; status >> word;) {
    double kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024 / bytes_per_megabyte;
  }
  throw std::runtime_error(fmt::format("process {} is gone", daemon.pid()));
}

double seconds(test::TestDatabase& database, const std::string& instant) {
  return database.execute(fmt::format("SELECT extract(epoch FROM {})::float8", instant))
      .at(0)
      .at(0)
      .as<double>();
}

/// Where the time of a run went. Both databases are on one server, so there is one clock.
Json phases(test::Fleet& fleet, const std::string& run) {
  const auto instant = [&](test::TestDatabase& database, const std::string& what) {
    return seconds(database, fmt::format("(SELECT {} = '{}')", what, run));
  };
  if (fleet.target().number(
          fmt::format("SELECT count(*) FROM lethe.ledger WHERE run = '{}'", run)) == 0)
    return Json::object();
  const double first = instant(fleet.target(), "min(at) FROM lethe.ledger WHERE run");
  const double last = instant(fleet.target(), "max(at) FROM lethe.ledger WHERE run");
  return {{"until_first_batch",
           first - instant(fleet.control(), "started_at FROM lethe.runs WHERE id")},
          {"batches", last - first},
          {"after_last_batch",
           instant(fleet.control(), "finished_at FROM lethe.runs WHERE id") - last}};
}

/// What a command with --output json said, which has ended.
Json only_record(const test::Daemon& command) {
  const std::string text = command.log();
  const Json records = Json::parse(text, nullptr, false);
  if (!records.is_array() || records.size() != 1)
    throw std::runtime_error("the run was not satisfied: " + text);
  return records.front();
}

}  // namespace

Bench::Bench(const DeletionOptions& options)
    : options_(options), tables_(fleet_.target(), options.rows) {
  fleet_.install();
}

Json Bench::run_fleet(const FleetShape& shape, const std::vector<std::string>& command) {
  fleet_.must({"target", "add", "app", "--url", target().url(), "--max-running",
               std::to_string(shape.max_running)});
  test::Daemon& scheduler = fleet_.start("lethe-scheduler", {});
  std::vector<test::Daemon*> workers;
  while (static_cast<int>(workers.size()) < shape.workers) {
    workers.push_back(&fleet_.start("lethe-worker", {"--slots", std::to_string(shape.slots)}));
    if (fleet_.worker_id(*workers.back()) == 0)
      throw std::runtime_error("a worker did not start: " + workers.back()->log());
  }
  const auto leads = [&] {
    return fleet_.control().number(
               "SELECT count(*) FROM lethe.leader WHERE expires_at > clock_timestamp()") > 0;
  };
  if (!test::eventually(leads)) throw std::runtime_error("no scheduler leads: " + scheduler.log());
  std::vector<std::string> words = command;
  words.insert(words.end(), {"--wait", "--output", "json"});
  test::Daemon& lethe = fleet_.start("lethe", words);
  const int exit_code = lethe.wait(run_limit);
  const Json run = only_record(lethe);
  if (exit_code != 0) throw std::runtime_error("the run was not satisfied: " + run.dump());
  Json result = {{"elapsed_s", run.at("elapsed_ms").get<double>() / 1000},
                 {"batches", run.at("batches")}};
  double worker_peak = 0;
  for (const test::Daemon* worker : workers) worker_peak = std::max(worker_peak, peak_mb(*worker));
  result["worker_peak_mb"] = worker_peak;
  result["scheduler_peak_mb"] = peak_mb(scheduler);
  result["run"] = run.at("id");
  result["strategy"] = run.at("strategy");
  result["seconds"] = phases(fleet_, run.at("id").get<std::string>());
  workers.push_back(&scheduler);
  stop(workers);
  return result;
}

void Bench::stop(std::vector<test::Daemon*> daemons) {
  for (test::Daemon* daemon : daemons) daemon->signal(SIGTERM);
  for (test::Daemon* daemon : daemons)
    if (daemon->wait() < 0) daemon->kill_now();
}

Json Bench::clean_by_fleet(const FleetShape& shape, const std::string& age) {
  return run_fleet(shape, {"enqueue", "--target", "app", "--table", "public.t", "--timestamp",
                           "created_at", "--older-than", age, "--yes"});
}

Json Bench::run_sql(const std::string& statement) {
  pqxx::connection connection(target().url());
  pqxx::nontransaction work(connection);
  const auto started = std::chrono::steady_clock::now();
  const pqxx::result done = work.exec(statement);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  return {{"elapsed_s", took.count()}, {"rows", done.affected_rows()}};
}

Json Bench::measure(const TableShape& shape, const std::string& age,
                    const std::function<Json()>& work) {
  tables_.make(shape);
  const std::int64_t expired = tables_.count_older_than(age);
  const Json numbers = work();
  if (numbers.contains("not_measured")) return numbers;
  const std::int64_t gone = tables_.rows() - tables_.count();
  if (gone != expired)
    throw std::runtime_error(fmt::format("{} rows are gone and not {}", gone, expired));
  return with_rows(numbers, gone);
}

Json with_rows(const Json& numbers, std::int64_t rows) {
  const double elapsed = std::max(0.001, numbers.at("elapsed_s").get<double>());
  Json all = {{"rows_per_second", static_cast<double>(rows) / elapsed},
              {"elapsed_s", elapsed},
              {"rows", rows}};
  all.update(numbers);
  all["rows"] = rows;
  return all;
}

}  // namespace lethe::bench
