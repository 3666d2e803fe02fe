// Holds as an operator works with them while the fleet runs.

#include <fmt/format.h>
#include <unistd.h>

#include <regex>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"

namespace lethe::test {
namespace {

constexpr const char* old_of_t3 =
    "SELECT count(*) FROM public.t WHERE tenant = 't3' AND created_at < now() - interval '90 days'";

/// A role that may do what docs/operations.md grants those who place holds; gone at the end.
class HoldKeeper {
 public:
  explicit HoldKeeper(TestDatabase& target)
      : target_(target), name_(fmt::format("lethe_keeper_{}", getpid())) {
    target_.execute(fmt::format(
        "CREATE ROLE {0} LOGIN; GRANT USAGE ON SCHEMA lethe TO {0}; GRANT SELECT ON lethe.gate, "
        "lethe.target_migrations, lethe.holds TO {0}; GRANT INSERT, UPDATE (released_at, "
        "released_by, release_reason) ON lethe.holds TO {0}",
        name_));
  }
  ~HoldKeeper() {
    try {
      target_.execute(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", name_));
    } catch (const std::exception&) {
      return;  // the private server goes away with its roles
    }
  }
  HoldKeeper(const HoldKeeper&) = delete;
  HoldKeeper& operator=(const HoldKeeper&) = delete;
  const std::string& name() const { return name_; }

 private:
  TestDatabase& target_;
  std::string name_;
};

TEST_CASE("rows are held from the command that says so until the one that ends it",
          "[fleet][holds]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 4'000);
  fleet.apply(policy_yaml({"tenant: {column: tenant}"}));
  fleet.start_scheduler();
  fleet.start_worker();
  const auto before = fleet.target().number(old_of_t3);
  REQUIRE(before > 0);

  const Json added = fleet.json(
      {"hold", "add", "--target", "app", "--tenant", "t3", "--reason", "case 'x' \"y\""});
  CHECK(added.at(0).at("change") == "placed");
  const auto id = added.at(0).at("id").get<std::int64_t>();
  fleet.must({"hold", "add", "--target", "app", "--table", "public.t", "--match", "id=1",
              "--reason", "row 1"});
  const Json listed = fleet.json({"hold", "list"});
  REQUIRE(listed.size() == 2);
  CHECK(listed.at(1).at("reason") == "case 'x' \"y\"");
  CHECK(listed.at(1).at("tenant") == "t3");
  CHECK(listed.at(1).at("tenant_columns") == Json::array({"tenant"}));
  CHECK(listed.at(0).at("relation") == "public.t");
  const Json preview = fleet.json({"policy", "preview", "t-90d"});
  CHECK(preview.at(0).at("held").get<std::int64_t>() >= before);

  fleet.must({"policy", "run", "t-90d", "--wait"});
  CHECK(fleet.target().number(old_of_t3) == before);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t WHERE id = 1") == 1);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t WHERE created_at < now() - interval "
                              "'90 days' AND tenant <> 't3' AND id <> 1") == 0);

  const std::string number = std::to_string(id);
  fleet.must({"hold", "release", number, "--reason", "closed"});
  CHECK(fleet.lethe({"hold", "release", number, "--reason", "closed"}).exit_code == 3);
  CHECK(fleet.json({"hold", "list"}).size() == 1);
  CHECK(fleet.json({"hold", "list", "--all"}).size() == 2);
  CHECK(fleet.control().text("SELECT string_agg(action || ' ' || object, ', ' ORDER BY id) FROM "
                             "lethe.audit WHERE action LIKE 'hold.%'") ==
        "hold.add app/1, hold.add app/2, hold.release app/1");
  fleet.must({"policy", "run", "t-90d", "--wait"});
  CHECK(fleet.target().number(old_of_t3) == 0);
}

TEST_CASE("who keeps holds needs no right on the tables that they keep", "[fleet][holds][role]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 40);
  const HoldKeeper keeper(fleet.target());
  const std::string url =
      std::regex_replace(fleet.target().url(), std::regex("user='?[^' ]+'?"), "");
  fleet.must({"target", "remove", "app"});
  fleet.must({"target", "add", "app", "--url", url, "--no-connect"});
  const Environment environment{{"PGUSER", keeper.name()}};
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "hold");
    return fleet.lethe(words, environment);
  };
  const CommandResult added = run({"add", "--target", "app", "--table", "public.t", "--match",
                                   "tenant=t3", "--reason", "case 1"});
  INFO(added.err);
  CHECK(added.exit_code == 0);
  const CommandResult released = run({"release", "1", "--reason", "closed"});
  INFO(released.err);
  CHECK(released.exit_code == 0);
  CHECK(run({"list", "--all"}).exit_code == 0);
  const CommandResult refused = run(
      {"add", "--target", "app", "--table", "public.t", "--match", "id=x", "--reason", "case 1"});
  CHECK(refused.exit_code == 78);
  CHECK_THAT(refused.err, contains("--match: column 'id' does not take 'x'"));
}

}  // namespace
}  // namespace lethe::test
