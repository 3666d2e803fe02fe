#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

/// Targets app and other; app has policies on public.logs by tenant_id and on public.runs by org.
struct Office {
  FakeWorld world;

  Office() {
    world.add_target("app");
    world.add_target("other");
    add("logs", "tenant_id");
    add("runs", "org");
    Hold held;
    held.id = 3;
    held.relation = "public.logs";
    held.match = {{"case", "4711"}};
    held.reason = "court";
    held.placed_by = "ben";
    Hold released = held;
    released.id = 2;
    released.released_at = "2026-11-21T03:00:00.000000Z";
    released.released_by = "eve";
    world.connector.behaviours["service=app"].holds = {held, released};
  }
  void add(const std::string& table, const std::string& tenant) {
    Policy policy = sample_policy(table + "-90d");
    policy.table.table = table;
    if (!tenant.empty()) policy.tenant = TenantRule{tenant, {}, {}, {}};
    world.add_policy(policy);
  }
  ExitCode run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "hold");
    return world.run(arguments);
  }
  ExitCode place(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"add", "--target", "app", "--reason", "case 1"});
    return run(std::move(arguments));
  }
};

TEST_CASE("a hold is in force before it is audited", "[hold_commands]") {
  Office office;
  CHECK(office.place({"--table", "public.logs", "--match", "case=a=b", "--match", "n="}) ==
        ExitCode::done);
  CHECK(office.world.log ==
        Log{"service=app hold public.logs case=a=b n= by ana@host: case 1",
            "audit hold.add app/7: rows of public.logs with case = a=b and n = ; reason: case 1 by "
            "ana@host"});
  CHECK(contains(office.world.out.str(), "hold 7 is in force in target app: rows of public.logs"));
}

TEST_CASE("a hold that could not be audited is said to be in force", "[hold_commands]") {
  Office office;
  office.world.audit.is_unreachable = true;
  CHECK(office.place({"--table", "public.logs"}) == ExitCode::failed);
  CHECK(office.world.log == Log{"service=app hold public.logs by ana@host: case 1"});
  CHECK(contains(office.world.err.str(), "the hold is in force, but is not in the control"));
}

TEST_CASE("a tenant is held in every column that policies of the target name for one",
          "[hold_commands]") {
  Office office;
  office.add("global", "");
  CHECK(office.place({"--tenant", "acme"}) == ExitCode::done);
  CHECK(office.world.log.front() ==
        "service=app hold tenant acme in org in tenant_id by ana@host: case 1");
  CHECK(contains(office.world.err.str(), "policy global-90d names no tenant column"));
}

TEST_CASE("a tenant of one table is held in the column that its policy names", "[hold_commands]") {
  Office office;
  CHECK(office.place({"--tenant", "acme", "--table", "public.runs"}) == ExitCode::done);
  CHECK(office.world.log.front() ==
        "service=app hold public.runs tenant acme in org by ana@host: case 1");
}

TEST_CASE("a hold that says too little or too much is refused with the option and the cure",
          "[hold_commands]") {
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const auto refused = GENERATE(values<Case>(
      {{{"--match", "a=b"}, "--match: whose column? Add --table S.T"},
       {{"--table", "public.t", "--match", "a"}, "--match: 'a' is not COLUMN=VALUE"},
       {{"--table", "public.t", "--match", "=a"}, "--match: '=a' is not"},
       {{"--table", "public.t", "--match", "a=1", "--match", "a=2"},
        "column 'a' is given twice; place a hold for each"},
       {{"--table", "a.b.c"}, "--table: "},
       {{"--table", ""}, "--table: "},
       {{"--tenant", ""}, "--tenant: must not be empty"},
       {{"--tenant", "\xff"}, "--tenant: is not UTF-8"},
       {{"--tenant", "a", "--table", "public.x"},
        "no policy of target 'app' names a tenant column of public.x; say which one is "
        "meant: --match COLUMN=a"}}));
  Office office;
  CHECK(office.place(refused.arguments) != ExitCode::done);
  CHECK(contains(office.world.err.str(), refused.message));
  CHECK(office.world.log.empty());
}

TEST_CASE("a hold needs a reason and a target that is there", "[hold_commands]") {
  Office office;
  CHECK(office.run({"add", "--target", "app", "--reason", ""}) == ExitCode::usage);
  CHECK(office.run({"add", "--target", "app"}) == ExitCode::usage);
  CHECK(office.run({"add", "--target", "ap", "--reason", "x"}) == ExitCode::not_found);
  CHECK(office.run({"release", "3", "--target", "app", "--reason", ""}) == ExitCode::usage);
  CHECK(office.world.log.empty());
}

TEST_CASE("hold list shows what is in force of every target and on request what was",
          "[hold_commands]") {
  Office office;
  CHECK(office.run({"list"}) == ExitCode::done);
  CHECK(contains(office.world.out.str(), "court"));
  CHECK_FALSE(contains(office.world.out.str(), "eve"));
  office.world.connector.behaviours["service=other"].is_unreachable = true;
  CHECK(office.run({"list", "--all", "--output", "json"}) == ExitCode::failed);
  CHECK(contains(office.world.out.str(), R"("match":["case=4711"],"reason":"court")"));
  CHECK(contains(office.world.out.str(), R"("released_by":"eve")"));
  CHECK(contains(office.world.err.str(), "cannot reach target 'other'"));
}

TEST_CASE("a release is audited before the rows may go", "[hold_commands]") {
  Office office;
  CHECK(office.run({"release", "3", "--target", "app", "--reason", "closed"}) == ExitCode::done);
  CHECK(office.world.log == Log{"audit hold.release app/3: rows of public.logs with case = 4711; "
                                "reason: court; released: closed by ana@host",
                                "service=app release hold 3 by ana@host: closed"});
}

TEST_CASE("without an audit no hold is released", "[hold_commands]") {
  Office office;
  office.world.audit.is_unreachable = true;
  CHECK(office.run({"release", "3", "--target", "app", "--reason", "closed"}) != ExitCode::done);
  CHECK(office.world.log.empty());
}

TEST_CASE("what is no hold any more is refused and what never was is not found",
          "[hold_commands]") {
  Office office;
  CHECK(office.run({"release", "2", "--target", "app", "--reason", "x"}) == ExitCode::refused);
  CHECK(contains(office.world.err.str(), "was released before: by eve"));
  CHECK(office.run({"release", "9", "--target", "app", "--reason", "x"}) == ExitCode::not_found);
  CHECK(office.run({"release", "x", "--target", "app", "--reason", "x"}) == ExitCode::not_found);
  CHECK(office.run({"release", "3", "--reason", "x"}) == ExitCode::usage);
  CHECK(contains(office.world.err.str(), "--target: which target's hold?"));
  CHECK(office.world.log.empty());
}

}  // namespace
}  // namespace lethe::cli::test
