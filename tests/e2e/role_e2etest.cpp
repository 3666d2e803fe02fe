// What a worker's role in a target must be allowed to do, and that it needs no more.

#include <fmt/format.h>
#include <unistd.h>

#include <regex>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/fleet.hpp"
#include "tests/support/sample_tables.hpp"

namespace lethe::test {
namespace {

/// The grants that docs/operations.md lists for the role of a worker.
constexpr const char* worker_grants =
    "GRANT USAGE ON SCHEMA lethe TO {0};"
    "GRANT SELECT, INSERT, UPDATE, DELETE ON lethe.fence, lethe.cutoffs, lethe.parked TO {0};"
    "GRANT SELECT, INSERT ON lethe.ledger TO {0};"
    "GRANT SELECT ON lethe.gate, lethe.holds TO {0};"
    "GRANT SELECT, DELETE ON public.t TO {0}";

/// A role without any right but to log in; dropped with all that it was granted.
class Role {
 public:
  explicit Role(TestDatabase& database)
      : database_(database), name_(fmt::format("lethe_worker_{}", getpid())) {
    database_.execute(fmt::format("CREATE ROLE {} LOGIN", name_));
  }
  ~Role() {
    try {
      database_.execute(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", name_));
    } catch (const std::exception&) {
      return;  // the private server goes away with its roles
    }
  }
  Role(const Role&) = delete;
  Role& operator=(const Role&) = delete;
  const std::string& name() const { return name_; }
  void grant(const char* grants) { database_.execute(fmt::format(fmt::runtime(grants), name_)); }

 private:
  TestDatabase& database_;
  std::string name_;
};

/// The target is registered without a user, so that each program connects as its own PGUSER.
void add_target_without_user(Fleet& fleet) {
  const std::string url =
      std::regex_replace(fleet.target().url(), std::regex("user='?[^' ]+'?"), "");
  fleet.must({"target", "add", "app", "--url", url, "--no-connect"});
}

std::string owner_of(Fleet& fleet) { return fleet.target().text("SELECT current_user"); }

TEST_CASE("a worker needs no more than the documented grants", "[fleet][role]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 4'000);
  Role role(fleet.target());
  role.grant(worker_grants);
  const auto kept = fleet.ids(fresh_ids + std::string(" OR id IN (1, 11, 21)"));
  const std::string yaml = fleet.write_file(
      "t.yaml", policy_yaml({"tenant: {column: tenant, overrides: {t1: {retain: 100 days}, t2: "
                             "{enabled: true, keep_min: 1}}}",
                             "vacuum: true"}));
  add_target_without_user(fleet);
  const Environment owner{{"PGUSER", owner_of(fleet)}};
  REQUIRE(fleet.lethe({"policy", "apply", "-f", yaml}, owner).exit_code == 0);
  fleet.start_scheduler();
  fleet.start_worker({}, {{"PGUSER", role.name()}});

  const CommandResult ran = fleet.lethe({"policy", "run", "t-90d", "--wait"}, owner);
  INFO(ran.err << ran.out);
  CHECK(ran.exit_code == 0);
  CHECK(fleet.control().text("SELECT coalesce(max(error), '') FROM lethe.runs") == "");
  CHECK(fleet.control().number("SELECT count(*) FROM lethe.runs WHERE space IS NOT NULL") == 1);
  CHECK_THAT(fleet.control().text("SELECT vacuum FROM lethe.runs"),
             contains("this role may not vacuum public.t"));
  CHECK(fleet.target().number("SELECT count(*) FROM public.t WHERE created_at < now() - interval "
                              "'90 days' AND tenant NOT IN ('t1', 't2')") == 0);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t WHERE created_at >= now() - interval "
                              "'90 days'") == 1'000);
}

TEST_CASE("a worker that may not lock rows sweeps where an index would lead", "[fleet][role]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 4'000);
  fleet.target().execute(
      "UPDATE public.t SET created_at = now() WHERE id % 50 <> 0; CREATE INDEX ON public.t "
      "(created_at); ANALYZE public.t");
  Role role(fleet.target());
  role.grant(worker_grants);
  const auto kept = fleet.ids(fresh_ids);
  const std::string yaml = fleet.write_file("t.yaml", policy_yaml());
  add_target_without_user(fleet);
  const Environment owner{{"PGUSER", owner_of(fleet)}};
  REQUIRE(fleet.lethe({"policy", "apply", "-f", yaml}, owner).exit_code == 0);
  fleet.start_scheduler();
  fleet.start_worker({}, {{"PGUSER", role.name()}});

  CHECK(fleet.lethe({"policy", "run", "t-90d", "--wait"}, owner).exit_code == 0);
  CHECK(fleet.control().text("SELECT strategy FROM lethe.runs") == whole_visit(fleet.target()));
  CHECK(fleet.disagreement(kept, 4'000) == "");
}

TEST_CASE("a worker that sets columns needs only the right to update these", "[fleet][role]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 4'000);
  Role role(fleet.target());
  role.grant(worker_grants);
  const std::string all = role.name();
  fleet.target().execute("REVOKE DELETE ON public.t FROM " + all +
                         "; GRANT UPDATE (note) ON public.t TO " + all);
  const std::string yaml =
      fleet.write_file("t.yaml", policy_yaml({"action: {set: {note: gone, tenant: nobody}}"}));
  add_target_without_user(fleet);
  const Environment owner{{"PGUSER", owner_of(fleet)}};
  REQUIRE(fleet.lethe({"policy", "apply", "-f", yaml}, owner).exit_code == 0);
  fleet.start_scheduler();
  fleet.start_worker({}, {{"PGUSER", role.name()}});

  CHECK(fleet.lethe({"policy", "run", "t-90d", "--wait"}, owner).exit_code == 1);
  CHECK_THAT(fleet.control().text("SELECT error FROM lethe.runs"),
             contains("action.set.tenant: may not be updated") &&
                 contains("GRANT SELECT, UPDATE (note, tenant) ON public.t TO " + role.name()));
  fleet.target().execute("GRANT UPDATE (tenant) ON public.t TO " + all);
  const CommandResult ran = fleet.lethe({"policy", "run", "t-90d", "--wait"}, owner);
  INFO(ran.err << ran.out);
  CHECK(ran.exit_code == 0);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t WHERE note = 'gone' AND tenant = "
                              "'nobody'") == 3'000);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == 4'000);
}

TEST_CASE("a worker that archives needs to insert and no more", "[fleet][role][archive]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 400);
  fleet.target().execute(
      "CREATE TABLE public.t_old (LIKE public.t, lethe_run text, lethe_at timestamptz)");
  Role role(fleet.target());
  role.grant(worker_grants);
  const std::string yaml =
      fleet.write_file("t.yaml", policy_yaml({"archive: {table: public.t_old}"}));
  add_target_without_user(fleet);
  const Environment owner{{"PGUSER", owner_of(fleet)}};
  REQUIRE(fleet.lethe({"policy", "apply", "-f", yaml}, owner).exit_code == 0);
  fleet.start_scheduler();
  fleet.start_worker({}, {{"PGUSER", role.name()}});

  CHECK(fleet.lethe({"policy", "run", "t-90d", "--wait"}, owner).exit_code == 1);
  CHECK_THAT(fleet.control().text("SELECT error FROM lethe.runs"),
             contains("run: GRANT INSERT ON public.t_old TO " + role.name()));
  fleet.target().execute("GRANT INSERT ON public.t_old, lethe.archives TO " + role.name());
  const CommandResult ran = fleet.lethe({"policy", "run", "t-90d", "--wait"}, owner);
  INFO(ran.err << ran.out);
  CHECK(ran.exit_code == 0);
  CHECK(fleet.target().number("SELECT count(*) FROM public.t_old") == 300);
}

TEST_CASE("a worker that may not delete says which grant it lacks", "[fleet][role]") {
  Fleet fleet;
  fleet.install();
  make_table(fleet.target(), 400);
  Role role(fleet.target());
  role.grant(worker_grants);
  fleet.target().execute("REVOKE DELETE ON public.t FROM " + role.name());
  const std::string yaml = fleet.write_file("t.yaml", policy_yaml());
  add_target_without_user(fleet);
  const Environment owner{{"PGUSER", owner_of(fleet)}};
  REQUIRE(fleet.lethe({"policy", "apply", "-f", yaml}, owner).exit_code == 0);
  fleet.start_scheduler();
  fleet.start_worker({}, {{"PGUSER", role.name()}});

  CHECK(fleet.lethe({"policy", "run", "t-90d", "--wait"}, owner).exit_code == 1);
  CHECK_THAT(fleet.control().text("SELECT error FROM lethe.runs"),
             contains("GRANT SELECT, DELETE ON public.t TO " + role.name()));
  CHECK(fleet.target().number("SELECT count(*) FROM public.t") == 400);
}

}  // namespace
}  // namespace lethe::test
