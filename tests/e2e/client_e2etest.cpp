// A client in another language, written by proto/PROTOCOL.md alone: tests/clients/follow.cjs.

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

/// The lines that a client has printed so far, those that are complete.
std::vector<Json> lines_of(const Daemon& client) {
  std::vector<Json> lines;
  std::istringstream stream(client.log());
  for (std::string line; std::getline(stream, line);)
    if (Json::accept(line)) lines.push_back(Json::parse(line));
  return lines;
}

/// The word after `name` in a key file.
std::string half(const std::string& file, const std::string& name) {
  std::ifstream stream(file);
  for (std::string word; stream >> word;)
    if (word == name && stream >> word) return word;
  return "";
}

/// Where the only scheduler is, and who comes, for the client.
Json place_of(Fleet& fleet, const std::string& key_file, std::int64_t worker) {
  TestDatabase& control = fleet.control();
  const auto column = [&](const char* name) {
    return control.text(fmt::format("SELECT {} FROM lethe.schedulers", name));
  };
  return {{"events", column("events")},
          {"operators", column("operators")},
          {"serverKey", column("public_key")},
          {"publicKey", half(key_file, "public")},
          {"secretKey", half(key_file, "secret")},
          {"worker", std::to_string(worker)}};
}

}  // namespace

TEST_CASE("a client in JavaScript follows a run and commands a worker", "[control_plane][client]") {
  const char* modules = std::getenv("LETHE_CLIENT_MODULES");
  if (modules == nullptr) {
    WARN("skipped: LETHE_CLIENT_MODULES does not say where its packages are; see tests/clients");
    return;
  }
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 2'000);
  const std::string server = fleet.write_file("here", "") + ".server";
  const std::string own = fleet.write_file("here", "") + ".own";
  fleet.must({"keys", "generate", server});
  fleet.must({"keys", "generate", own});
  fleet.must({"keys", "allow", "js", "--role", "operator", "--file", own});
  fleet.must({"keys", "allow", "w", "--role", "worker", "--file", server});
  fleet.start_scheduler({{"LETHE_CONTROL_WORKERS", "tcp://127.0.0.1:*"},
                         {"LETHE_CONTROL_OPERATORS", "tcp://127.0.0.1:*"},
                         {"LETHE_CONTROL_EVENTS", "tcp://127.0.0.1:*"},
                         {"LETHE_CONTROL_KEY_FILE", server}});
  Daemon& worker = fleet.start_worker({}, {{"LETHE_CONTROL_KEY_FILE", server}});
  const std::int64_t id = fleet.worker_id(worker);
  REQUIRE(eventually(
      [&] { return fleet.control().number("SELECT count(*) FROM lethe.schedulers") == 1; }));

  Daemon client(
      "/usr/bin/env",
      {"node", LETHE_SOURCE_DIR "/tests/clients/follow.cjs", place_of(fleet, own, id).dump()},
      {{"LETHE_CLIENT_MODULES", modules}}, fleet.write_file("client.log", ""));
  INFO(client.log());
  REQUIRE(eventually([&] { return !lines_of(client).empty(); }));
  REQUIRE(lines_of(client).front().contains("ready"));
  const std::string run = fleet
                              .json({"enqueue", "--target", "app", "--table", "public.t",
                                     "--timestamp", "created_at", "--older-than", "90d", "--yes"})
                              .at(0)
                              .at("id");
  CHECK(client.wait() == 0);
  const auto lines = lines_of(client);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].at("event") == "run." + run);
  CHECK(lines[1].at("type") == "progress");
  CHECK(lines[1].at("body").at("worker") == id);
  CHECK(lines[1].at("body").at("task").at("run") == run);
  const Json& answers = lines[2].at("answers");
  CHECK(answers.at(0).at("ok") == true);
  CHECK(answers.at(0).at("code") == "done");
  CHECK(answers.at(0) == answers.at(1));
  CHECK(lines[2].at("rubbish").at("code") == "unsupported");
  CHECK(fleet.control().text(fmt::format("SELECT wanted FROM lethe.workers WHERE id = {}", id)) ==
        "quiet");
}

}  // namespace lethe::test
