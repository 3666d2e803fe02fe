#include "tests/bench/node_peer.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "common/process/child_process.hpp"
#include "tests/support/test_database.hpp"

namespace lethe::bench {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes limit{10};

/// The connection as the PG* variables that Node's driver reads.
std::vector<std::pair<std::string, std::string>> environment(const std::string& url) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()), PQfinish);
  return {{"PGHOST", PQhost(connection.get())},
          {"PGPORT", PQport(connection.get())},
          {"PGUSER", PQuser(connection.get())},
          {"PGDATABASE", PQdb(connection.get())}};
}

std::string last_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string last;
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) last = line;
  return last;
}

}  // namespace

Json run_node_peer(const Options& options, const std::string& program, const Json& arguments) {
  if (options.node_directory.empty()) return {{"not_measured", options.without_node}};
  const fs::path directory(options.node_directory);
  const fs::path out = directory / fmt::format("{}-{}.out", program, getpid());
  fs::remove(out);
  test::TestDatabase database(false);
  SpawnOptions spawn;
  spawn.working_directory = directory;
  spawn.environment = environment(database.url());
  spawn.stdout_file = out;
  ChildProcess peer = ChildProcess::spawn(
      {(directory / "node_modules/.bin/node").string(), program + ".mjs", arguments.dump()}, spawn);
  const bool ended = peer.wait_for(limit).has_value();
  if (!ended) peer.stop(std::chrono::seconds(1));
  Json answer = Json::parse(last_line(out), nullptr, false);
  fs::remove(out);
  if (!ended) return {{"not_measured", fmt::format("no answer within {} min", limit.count())}};
  if (!answer.is_object()) return {{"not_measured", "it ended without an answer"}};
  if (answer.contains("error")) return {{"not_measured", answer.at("error")}};
  return answer;
}

}  // namespace lethe::bench
