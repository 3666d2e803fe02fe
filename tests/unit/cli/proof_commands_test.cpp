#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

std::string hash_of(char digit) { return std::string(64, digit); }

/// An audit of three entries and a ledger of one task with two batches.
struct Registry {
  FakeWorld world;

  Registry() {
    world.add_target("app");
    world.add_run("satisfied");
    FakeProofStore& proof = world.proof;
    proof.links = {{1, "", hash_of('a'), hash_of('a')},
                   {2, hash_of('a'), hash_of('b'), hash_of('b')},
                   {3, hash_of('b'), hash_of('c'), hash_of('c')}};
    proof.head = AuditHead{3, hash_of('c')};
    proof.heads = {{"T1", "R1", 2, 30, "h2"}};
    proof.runs = {{"R1", 2, 30}};
    ProofBehaviour& target = world.connector.proofs["service=app"];
    target.runs = {{"R1", 2, 30}};
    const ChainEnd fence{2, 30, "h2"};
    target.links = {{1, "T1", 1, "R1", 10, "", "h1", "h1", fence},
                    {2, "T1", 2, "R1", 20, "h1", "h2", "h2", fence}};
  }
  ProofBehaviour& target() { return world.connector.proofs["service=app"]; }
};

TEST_CASE("audit verify tells the head that people keep", "[proof_commands]") {
  Registry registry;
  CHECK(registry.world.run({"audit", "verify"}) == ExitCode::done);
  CHECK(registry.world.out.str() ==
        "the audit is as it was written: 3 entries; head 3:" + hash_of('c') + "\n");
}

TEST_CASE("audit verify fails and names what is wrong also as JSON", "[proof_commands]") {
  Registry registry;
  registry.world.proof.links[1].computed = "other";
  CHECK(registry.world.run({"audit", "verify", "--output", "json"}) == ExitCode::failed);
  CHECK(contains(registry.world.out.str(),
                 R"("wrong":1,"findings":[{"kind":"edited","where":"audit entry 2")"));
  CHECK(contains(registry.world.out.str(), R"("ok":false,"entries":3)"));
}

TEST_CASE("a head that was kept must still be in the audit", "[proof_commands]") {
  Registry registry;
  CHECK(registry.world.run({"audit", "verify", "--expect-head", "2:" + hash_of('b')}) ==
        ExitCode::done);
  CHECK(registry.world.run({"audit", "verify", "--expect-head", "2:" + hash_of('d')}) ==
        ExitCode::failed);
  CHECK(registry.world.run({"audit", "verify", "--expect-head", "9:" + hash_of('d')}) ==
        ExitCode::failed);
  CHECK(contains(registry.world.out.str(), "missing: audit entries 4 to 9"));
  for (const std::string& text :
       {std::string("2"), std::string("2:xy"), ":" + hash_of('b'), "0:" + hash_of('b')})
    CHECK(registry.world.run({"audit", "verify", "--expect-head", text}) == ExitCode::usage);
}

TEST_CASE("an anchor file is checked before it is added to", "[proof_commands]") {
  Registry registry;
  const auto path =
      std::filesystem::temp_directory_path() / ("lethe-anchor-" + std::to_string(getpid()));
  std::filesystem::remove(path);
  const auto lines = [&] {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto verify = [&] {
    return registry.world.run({"audit", "verify", "--anchor", path.string()});
  };
  CHECK(verify() == ExitCode::done);
  CHECK(verify() == ExitCode::done);
  CHECK(lines() == "3:" + hash_of('c') + "\n");
  registry.world.proof.links.pop_back();
  registry.world.proof.head = AuditHead{2, hash_of('b')};
  CHECK(verify() == ExitCode::failed);
  CHECK(lines() == "3:" + hash_of('c') + "\n");
  std::ofstream(path) << "nonsense\n";
  CHECK(verify() == ExitCode::usage);
  CHECK(contains(registry.world.err.str(), "--anchor: line 1 of"));
  std::filesystem::remove(path);
}

TEST_CASE("audit list asks for what was named", "[proof_commands]") {
  Registry registry;
  registry.world.proof.entries = {
      {7, "2026-11-21T03:00:00.000000Z", "ana", "hold.add", "app/7", "rows", hash_of('a')}};
  CHECK(registry.world.run({"audit", "list", "--action", "hold.", "--limit", "5"}) ==
        ExitCode::done);
  CHECK(registry.world.proof.asked.action == "hold.");
  CHECK(registry.world.proof.asked.rows_max == 5);
  CHECK(contains(registry.world.out.str(), "hold.add"));
}

TEST_CASE("ledger verify compares what the target and the control database say",
          "[proof_commands]") {
  Registry registry;
  CHECK(registry.world.run({"ledger", "verify"}) == ExitCode::done);
  CHECK(registry.world.out.str() ==
        "the ledger of target app is as it was written: 2 batches of 1 task, 30 rows\n");
  registry.world.proof.heads[0].hash = "other";
  CHECK(registry.world.run({"ledger", "verify", "--target", "app"}) == ExitCode::failed);
  CHECK(contains(registry.world.out.str(), "it is not the one that the control database knows"));
}

TEST_CASE("ledger verify finds a run of which too little is there", "[proof_commands]") {
  Registry registry;
  registry.world.proof.runs[0].rows = 31;
  CHECK(registry.world.run({"ledger", "verify", "--run", "R1", "--output", "json"}) ==
        ExitCode::failed);
  CHECK(contains(registry.world.out.str(), R"({"kind":"missing","where":"run R1")"));
}

TEST_CASE("ledger verify looks at the other targets when one is away", "[proof_commands]") {
  Registry registry;
  registry.world.add_target("other");
  registry.world.connector.proofs["service=other"].is_unreachable = true;
  CHECK(registry.world.run({"ledger", "verify"}) == ExitCode::failed);
  CHECK(contains(registry.world.out.str(), "the ledger of target app is as it was written"));
  CHECK(contains(registry.world.err.str(), "cannot reach target 'other'"));
  CHECK(registry.world.run({"ledger", "verify", "--target", "other"}) == ExitCode::unreachable);
}

TEST_CASE("ledger list wants a target or a run", "[proof_commands]") {
  Registry registry;
  LedgerRow row;
  row.relation = "public.logs";
  row.rows = 12;
  registry.target().rows = {row};
  CHECK(registry.world.run({"ledger", "list"}) == ExitCode::usage);
  CHECK(registry.world.run({"ledger", "list", "--target", "ap"}) == ExitCode::not_found);
  CHECK(registry.world.run({"ledger", "list", "--run", "R1"}) == ExitCode::done);
  CHECK(contains(registry.world.out.str(), "public.logs"));
}

TEST_CASE("why answers for each policy that covers the row", "[proof_commands]") {
  Registry registry;
  Policy policy = sample_policy("logs-90d");
  registry.world.add_policy(policy);
  policy.name = "parents";
  policy.table = {"public", "parents"};
  policy.cascade = {{"public", "logs"}};
  registry.world.add_policy(policy);
  policy.name = "elsewhere";
  policy.cascade = {};
  registry.world.add_policy(policy);
  registry.target().found = FoundRow{"public.logs_m1", {{"public", "logs_m1"}, {"public", "logs"}}};
  registry.target().verdicts["logs-90d"].verdict = "held";
  registry.target().verdicts["logs-90d"].hold = 7;
  const std::vector<std::string> ask{"why",   "--target", "app", "--table", "public.logs_m1",
                                     "--key", "id=7"};
  CHECK(registry.world.run(ask) == ExitCode::done);
  CHECK(registry.world.out.str() ==
        "policy logs-90d: hold 7 keeps it, or rows that would go along; lethe hold list --target "
        "app\n"
        "policy parents: it goes along with the rows of public.parents that it points at; ask why "
        "one of these is there\n");
  registry.target().found.reset();
  CHECK(registry.world.run(ask) == ExitCode::not_found);
  CHECK(contains(registry.world.err.str(), "no row of public.logs_m1 has id = 7"));
}

TEST_CASE("why refuses what it cannot read", "[proof_commands]") {
  Registry registry;
  CHECK(registry.world.run({"why", "--target", "app", "--table", "public.t"}) == ExitCode::usage);
  CHECK(registry.world.run({"why", "--target", "app", "--table", "a.b.c", "--key", "id=7"}) ==
        ExitCode::usage);
  CHECK(registry.world.run({"why", "--target", "app", "--table", "public.t", "--key", "id"}) ==
        ExitCode::usage);
  CHECK(contains(registry.world.err.str(), "--key: 'id' is not COLUMN=VALUE"));
}

TEST_CASE("a report tells what is known of a run in a fixed order", "[proof_commands]") {
  Registry registry;
  RunRow& run = registry.world.runs.rows[0];
  run.spec_text = to_canonical_json(sample_policy("logs-90d"));
  run.policy = "logs-90d";
  run.created_at = "2026-11-21T03:00:00.000000Z";
  run.finished_at = "2026-11-21T03:05:00.000000Z";
  RelationCount count;
  count.relation = "public.logs";
  count.method = "delete";
  count.rows = 30;
  registry.target().evidence.relations = {count};
  registry.target().verification.sql = "SELECT 1";
  registry.target().verification.at = "2026-11-21T04:00:00.000000Z";
  CHECK(registry.world.run({"report", "--run", "R1", "--output", "json"}) == ExitCode::done);
  const std::string json = registry.world.out.str();
  std::size_t at = 0;
  for (const char* field : {"run", "state", "policy", "policy_hash", "target", "database", "cutoff",
                            "rows", "spec", "relations", "tenants", "children", "holds", "parked",
                            "ledger", "ledger_heads", "audit", "verification", "kept"}) {
    const std::size_t found = json.find("\"" + std::string(field) + "\":", at);
    CAPTURE(field, json);
    REQUIRE(found != std::string::npos);
    at = found;
  }
  registry.world.out.str("");
  CHECK(registry.world.run({"report", "--run", "R1"}) == ExitCode::done);
  CHECK(contains(registry.world.out.str(), "nothing is left of it at 2026-11-21 04:00:00Z"));
  CHECK(registry.world.run({"report", "--run", "R2"}) == ExitCode::not_found);
}

TEST_CASE("a report of a run whose ledger was touched says so and fails", "[proof_commands]") {
  Registry registry;
  registry.world.runs.rows[0].spec_text = to_canonical_json(sample_policy("logs-90d"));
  registry.target().links.pop_back();
  CHECK(registry.world.run({"report", "--run", "R1", "--skip-look"}) == ExitCode::failed);
  CHECK(contains(registry.world.out.str(), "missing: task T1 of run R1: batch 2 is not there"));
  CHECK(contains(registry.world.err.str(), "has not ended"));
}

}  // namespace
}  // namespace lethe::cli::test
