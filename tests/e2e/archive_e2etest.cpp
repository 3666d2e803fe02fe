// Archives as an operator works with them while the fleet runs.

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* sum = "SELECT md5(string_agg(t::text, ' ' ORDER BY id)) FROM public.t AS t";

TEST_CASE("rows that a fleet archived into files are verified and come back as they were",
          "[fleet][archive]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 4'000);
  const std::string before = fleet.target().text(sum);
  const fs::path directory = fs::path(fleet.write_file("marker", "")).parent_path() / "archive";
  fs::create_directory(directory);
  fleet.apply(
      policy_yaml({"archive: {dir: " + directory.string() + ", format: csv, keep: 1 day}"}));
  fleet.start_scheduler();
  Daemon& worker = fleet.start_worker();
  const Json run = fleet.json({"policy", "run", "t-90d", "--wait"});
  const auto id = run.at(0).at("id").get<std::string>();
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == 1'000);

  const Json listed = fleet.json({"archive", "list", "--target", "app"});
  REQUIRE(listed.size() == 1);
  CHECK(listed.at(0).at("run") == id);
  CHECK(listed.at(0).at("rows") == 3'000);
  CHECK(listed.at(0).at("place") == directory.string());
  CHECK(fleet.json({"archive", "verify", "--target", "app"}).empty());

  fleet.must({"policy", "disable", "t-90d"});
  CHECK(fleet.json({"archive", "restore", "--target", "app", "--run", id}).at(0).at("rows") ==
        3'000);
  CHECK(fleet.target().text(sum) == before);
  const Json again = fleet.json({"archive", "restore", "--target", "app", "--run", id});
  CHECK(again.at(0).at("rows") == 0);
  CHECK(again.at(0).at("left_alone") == 3'000);
  CHECK(fleet.control().number(
            "SELECT count(*) FROM lethe.audit WHERE action = 'archive.restore'") == 2);

  CHECK(fleet.json({"archive", "prune", "--target", "app", "--yes"}).at(0).at("rows") == 0);
  const fs::path some = fs::recursive_directory_iterator(directory / id)->path();
  fs::remove(some);
  const CommandResult verified = fleet.lethe({"archive", "verify", "--target", "app"});
  CHECK(verified.exit_code == 1);
  CHECK_THAT(verified.out, contains(id));
  CHECK(worker.running());
}

TEST_CASE("a worker killed inside a batch leaves rows and archive in step", "[fleet][archive]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 400);
  const std::string before = fleet.target().text(sum);
  const fs::path directory = fs::path(fleet.write_file("marker", "")).parent_path() / "archive";
  fs::create_directory(directory);
  fleet.apply(policy_yaml({"archive: {dir: " + directory.string() + "}"}));
  fleet.start_scheduler();
  // A batch stands still after its file was written, before its row in the ledger.
  fleet.target().execute(
      "CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_advisory_xact_lock(4711); RETURN NEW; END $$; CREATE TRIGGER wait BEFORE INSERT ON "
      "lethe.ledger FOR EACH ROW EXECUTE FUNCTION public.wait()");
  OtherSession brake(fleet.target().url());
  brake.execute("SELECT pg_advisory_xact_lock(4711)");
  Daemon& first = fleet.start_worker();
  const auto first_id = fleet.worker_id(first);
  const auto id = fleet.json({"policy", "run", "t-90d"}).at(0).at("id").get<std::string>();
  REQUIRE(somebody_waits(fleet.target()));
  first.kill_now();
  brake.commit();
  fleet.target().execute("DROP TRIGGER wait ON lethe.ledger");
  fleet.age_heartbeat(first_id);
  fleet.start_worker();
  CHECK(fleet.end_of(id) == "satisfied");
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == 100);
  const CommandResult verified = fleet.lethe({"archive", "verify", "--target", "app"});
  INFO(verified.out);
  // Whether the killed worker's transaction went through is the server's to say: either way each
  // row that is gone is in one committed file.
  CHECK((verified.exit_code == 0 || verified.out.find("not committed") != std::string::npos));
  fleet.must({"archive", "prune", "--target", "app", "--uncommitted", "--yes"});
  CHECK(fleet.json({"archive", "verify", "--target", "app"}).empty());
  CHECK(fleet.json({"archive", "restore", "--target", "app", "--run", id}).at(0).at("rows") == 300);
  CHECK(fleet.target().text(sum) == before);
}

}  // namespace
}  // namespace lethe::test
