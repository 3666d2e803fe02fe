#include "cli/row_reason.hpp"

#include <stdexcept>

#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli {
namespace {

RowAnswer answer_of(const std::string& verdict) {
  RowAnswer answer;
  answer.row.name = "logs-90d";
  answer.row.target = "app";
  answer.row.enabled = true;
  answer.row.next_fire_at = "2026-11-22T03:00:00.000000Z";
  answer.policy = test::sample_policy("logs-90d");
  answer.verdict = RowVerdict{};
  answer.verdict->verdict = verdict;
  answer.verdict->instant = "2026-11-01T00:00:00.000000Z";
  return answer;
}

std::string sentence(const RowAnswer& answer) { return row_reason(answer).sentence; }
std::string code(const RowAnswer& answer) { return row_reason(answer).code; }

Condition leaf(const std::string& column, const std::string& value) {
  Condition condition;
  condition.kind = Condition::Kind::comparison;
  condition.column = column;
  condition.values = {value};
  return condition;
}

TEST_CASE("a row that is too young is told when it will be old enough", "[row_reason]") {
  RowAnswer answer = answer_of("too_young");
  answer.verdict->tenant = "acme";
  answer.verdict->cutoff = "2026-08-23T00:00:00.000000Z";
  answer.verdict->due = "2027-01-30T00:00:00.000000Z";
  CHECK(sentence(answer) ==
        "too young: it is of 2026-11-01 00:00:00Z and what may go of tenant acme is older than "
        "2026-08-23 00:00:00Z; it will be old enough at 2027-01-30 00:00:00Z");
}

TEST_CASE("a row that keep_min keeps is told how far its newest go back", "[row_reason]") {
  RowAnswer answer = answer_of("keep_min");
  answer.verdict->cutoff = "2026-10-01T00:00:00.000000Z";
  CHECK(sentence(answer) ==
        "kept by keep_min: it is of 2026-11-01 00:00:00Z, among the newest, which go back to "
        "2026-10-01 00:00:00Z");
  answer.verdict->cutoff = "-infinity";
  CHECK(sentence(answer) == "kept by keep_min: there are not more rows than it keeps");
}

TEST_CASE("only the parts of where that do not match are named", "[row_reason]") {
  RowAnswer answer = answer_of("condition");
  answer.policy.where.children = {leaf("status", "done"), leaf("kind", "a")};
  answer.verdict->matches = {true, false};
  CHECK(sentence(answer) == "the policy's where does not match: not kind eq a");
  answer.policy.where = leaf("status", "done");
  answer.verdict->matches = {false};
  CHECK(sentence(answer) == "the policy's where does not match: not status eq done");
}

TEST_CASE("a row of another tenant of a disabled one or of none is told apart", "[row_reason]") {
  RowAnswer answer = answer_of("tenant_off");
  answer.policy.tenant = TenantRule{"tenant_id", {}, {}, {}};
  CHECK(code(answer) == "no_tenant");
  answer.verdict->tenant = "acme";
  CHECK(sentence(answer) == "tenant acme is disabled in the policy's overrides");
  answer.policy.tenant->only = "globex";
  CHECK(code(answer) == "other_tenant");
}

TEST_CASE("a row without a time or at infinity is told so", "[row_reason]") {
  RowAnswer answer = answer_of("no_timestamp");
  answer.verdict->instant = "";
  CHECK(sentence(answer) == "it has no time: at is NULL");
  answer.verdict->instant = "infinity";
  CHECK(sentence(answer) == "it has no time: at is infinity");
}

TEST_CASE("a hold a foreign key and a refusal are named", "[row_reason]") {
  RowAnswer answer = answer_of("held");
  answer.verdict->hold = 7;
  CHECK(sentence(answer).find("hold 7 keeps it") == 0);
  answer = answer_of("referenced");
  answer.verdict->child = "public.lines";
  answer.verdict->constraint = "lines_fk";
  CHECK(sentence(answer) == "rows of public.lines need it, by foreign key lines_fk");
  answer = answer_of("");
  answer.verdict->problem = "policy.table: is a view";
  CHECK(sentence(answer) == "every run is refused: policy.table: is a view");
  answer = answer_of("eligible");
  answer.verdict->parked = ParkedRow{.run = "R1",
                                     .task = "",
                                     .relation = "",
                                     .key = "",
                                     .sqlstate = "P0001",
                                     .message = "keep me",
                                     .at = ""};
  CHECK(sentence(answer) ==
        "the database refused to let it go in run R1: keep me (P0001); the next run tries again");
}

TEST_CASE("a row that may go is told what it waits for", "[row_reason]") {
  RowAnswer answer = answer_of("eligible");
  CHECK(sentence(answer) ==
        "it may go, but the policy has never fired; the next run is at 2026-11-22 03:00:00Z");
  answer.row.next_fire_at = "";
  CHECK(sentence(answer).find("it runs only by hand: lethe policy run logs-90d") !=
        std::string::npos);
  answer.row.last_run = "R1";
  answer.row.last_state = "satisfied";
  CHECK(code(answer) == "not_swept");
  answer.row.last_state = "cleaning";
  CHECK(sentence(answer) == "it may go and is not swept yet: run R1 is cleaning");
  answer.verdict->halted = "the target is halted: drill";
  CHECK(sentence(answer) == "it may go, but the target is halted: drill");
  answer.pauses = {
      {.pause = {PauseScope::target, "other"}, .paused_by = "", .paused_at = "", .reason = ""}};
  CHECK(code(answer) == "halted");
  answer.pauses.push_back({.pause = {PauseScope::all, ""},
                           .paused_by = "ana",
                           .paused_at = "2026-11-21T03:00:00.000000Z",
                           .reason = "drill"});
  CHECK(sentence(answer) ==
        "it may go, but everything is paused by ana since 2026-11-21 03:00:00Z: drill");
  answer.row.enabled = false;
  CHECK(code(answer) == "disabled");
}

TEST_CASE("a key is read with commas in its values", "[row_reason]") {
  using Key = RowKey;
  CHECK(parse_row_key({"id=7"}) == Key{{"id", "7"}});
  CHECK(parse_row_key({"id=7,line=2"}) == Key{{"id", "7"}, {"line", "2"}});
  CHECK(parse_row_key({"name=Doe, John"}) == Key{{"name", "Doe, John"}});
  CHECK(parse_row_key({"name=a,b,id=3"}) == Key{{"name", "a,b"}, {"id", "3"}});
  CHECK(parse_row_key({"a=x,b=y", "c=1"}) == Key{{"a", "x,b=y"}, {"c", "1"}});
  CHECK(parse_row_key({"a="}) == Key{{"a", ""}});
}

TEST_CASE("a key that cannot be read is refused with the cure", "[row_reason]") {
  for (const std::string text : {"", "id", "=7", ",id=7", "id=1,id=2", "\xff=1"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_row_key({text}), std::invalid_argument);
  }
}

}  // namespace
}  // namespace lethe::cli
