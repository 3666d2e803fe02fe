#include "worker/next_step.hpp"

#include "common/policies/text_rules.hpp"
#include "tests/support/catch.hpp"
#include "worker/pacing.hpp"

using namespace lethe;
using namespace lethe::worker;
using namespace std::chrono_literals;
using Kind = TargetTrouble::Kind;

namespace {

StepFacts sweep_of(std::int64_t size) {
  StepFacts facts;
  facts.task.lease = {.task = TaskId{"t"}, .worker = WorkerId{7}, .epoch = 3};
  facts.task.run = RunId{"r"};
  facts.task.target = "app";
  facts.task.kind = TaskKind::clean;
  facts.task.attempts = 1;
  facts.task.max_attempts = 8;
  facts.strategy = Strategy::sweep;
  facts.size = size;
  return facts;
}

std::optional<Settlement> step(const StepFacts& facts, const StepResult& result) {
  SeededRandom random(1);
  return next_step(facts, result, random);
}

Settlement after(Kind kind, const StepFacts& facts = sweep_of(256)) {
  auto result =
      step(facts, TargetTrouble{.kind = kind, .message = "it\nsaid no", .sqlstate = "XX000"});
  REQUIRE(result.has_value());
  return *result;
}

BatchDone batch(bool finished) {
  return {.totals = {.batches = 5, .rows = 500, .ledger_head = "h5"},
          .rows = 100,
          .size = 256,
          .finished = finished,
          .took = 100ms};
}

}  // namespace

TEST_CASE("a batch that finished its task ends it with the fence's totals", "[next_step]") {
  const auto result = step(sweep_of(256), batch(true));
  REQUIRE(result.has_value());
  CHECK(result->outcome == Outcome::done);
  CHECK(result->batches == 5);
  CHECK(result->rows == 500);
  CHECK(result->ledger_head == "h5");
  CHECK(result->lease.epoch == 3);
  CHECK(result->run.value == "r");
  CHECK(result->target == "app");
}

TEST_CASE("a batch that left something is requeued at once with its next size", "[next_step]") {
  const auto result = step(sweep_of(256), batch(false));
  REQUIRE(result.has_value());
  CHECK(result->outcome == Outcome::again);
  CHECK(result->ledger_head == "");  // the chain goes on
  CHECK(result->delay == 0ms);
  CHECK(result->batch_size == 512);
}

TEST_CASE("a policy says how long a batch takes and how long its task rests after it",
          "[next_step]") {
  StepFacts facts = sweep_of(256);
  facts.rule.target_ms = 50;
  facts.rule.duty_percent = 25;
  const auto result = step(facts, batch(false));
  CHECK(result->batch_size == 128);
  CHECK(result->delay == 300ms);
  CHECK(step(facts, batch(true))->delay == 0ms);
}

TEST_CASE("no batch is larger than a second's allowance of rows", "[next_step]") {
  StepFacts facts = sweep_of(256);
  facts.rule.rows_per_second = 25;
  const auto result = step(facts, batch(false));
  CHECK(result->batch_size == 64);
  CHECK(result->batch_rows == 100);
  facts.rule.rows_per_second = 1'000'000;
  CHECK(step(facts, batch(false))->batch_size == 512);
}

TEST_CASE("a plan ends its task together with what it found", "[next_step]") {
  PlanOutcome plan;
  plan.strategy = "sweep";
  const auto result = step(sweep_of(0), plan);
  CHECK(result->outcome == Outcome::done);
  CHECK(result->plan->strategy == "sweep");
}

TEST_CASE("a verification goes on until it has an answer", "[next_step]") {
  const auto open = step(sweep_of(0), Verified{});
  CHECK(open->outcome == Outcome::again);
  CHECK_FALSE(open->verify.has_value());
  const auto found =
      step(sweep_of(0),
           Verified{.finished = true, .clean = false, .left_in = "public.events", .took = 1ms});
  CHECK(found->outcome == Outcome::done);
  CHECK_FALSE(found->verify->clean);
  CHECK(found->verify->left_in == "public.events");
}

TEST_CASE("a fenced task has nothing to settle", "[next_step]") {
  CHECK_FALSE(
      step(sweep_of(256), TargetTrouble{.kind = Kind::fenced, .message = "", .sqlstate = ""})
          .has_value());
}

TEST_CASE("a halted target costs no attempt", "[next_step]") {
  const Settlement result = after(Kind::halted);
  CHECK(result.outcome == Outcome::release);
  CHECK(result.delay == 5s);
}

TEST_CASE("a run of another policy epoch is dead and says what happens now", "[next_step]") {
  const Settlement result = after(Kind::stale);
  CHECK(result.outcome == Outcome::dead);
  CHECK(result.error.find("the policy changed since this run was made") == 0);
}

TEST_CASE("an expired run is dead with a reason that starts with expired", "[next_step]") {
  const Settlement result = after(Kind::expired);
  CHECK(result.outcome == Outcome::dead);
  CHECK(result.error.find("expired") == 0);
}

TEST_CASE("trouble that no retry can cure is dead with its message and SQLSTATE", "[next_step]") {
  for (const Kind kind : {Kind::changed, Kind::unsupported, Kind::permanent}) {
    const Settlement result = after(kind);
    CHECK(result.outcome == Outcome::dead);
    CHECK(result.error == "it said no");
    CHECK(result.sqlstate == "XX000");
  }
}

TEST_CASE("a batch that a row makes fail is halved at once and spends no attempt", "[next_step]") {
  const Settlement result = after(Kind::poisoned);
  CHECK(result.outcome == Outcome::release);
  CHECK(result.batch_size == 128);
  CHECK(result.delay == 0ms);
  CHECK(result.error == "it said no");
  CHECK(after(Kind::poisoned, sweep_of(3)).batch_size == 1);
  StepFacts by_index = sweep_of(33);
  by_index.strategy = Strategy::index;
  CHECK(after(Kind::poisoned, by_index).batch_size == 32);
}

TEST_CASE("what fails even row by row is dead", "[next_step]") {
  CHECK(after(Kind::poisoned, sweep_of(1)).outcome == Outcome::dead);
  StepFacts by_index = sweep_of(32);
  by_index.strategy = Strategy::index;
  CHECK(after(Kind::poisoned, by_index).outcome == Outcome::dead);
  StepFacts verification = sweep_of(0);
  verification.strategy = std::nullopt;
  CHECK(after(Kind::poisoned, verification).outcome == Outcome::dead);
}

TEST_CASE("a search for a poisoned row ends whatever size it begins with", "[next_step]") {
  for (const Strategy strategy : {Strategy::sweep, Strategy::index}) {
    StepFacts facts = sweep_of(65'536);
    facts.strategy = strategy;
    int halvings = 0;
    for (; after(Kind::poisoned, facts).outcome == Outcome::release; ++halvings)
      facts.size = batch_size_now(strategy, after(Kind::poisoned, facts).batch_size);
    CHECK(facts.size == isolated_at(strategy));
    CHECK(halvings <= 16);
  }
}

TEST_CASE("a verification tells what is parked and whether rows are chained", "[next_step]") {
  Verified verified;
  verified.finished = true;
  verified.clean = true;
  verified.parked = 2;
  verified.parked_why = "it\nsaid no";
  verified.chained = true;
  const auto result = step(sweep_of(0), verified);
  REQUIRE(result->verify.has_value());
  CHECK(result->verify->parked == 2);
  CHECK(result->verify->parked_why == "it said no");
  CHECK(result->verify->chained);
}

TEST_CASE("a dead task always has a reason", "[next_step]") {
  const auto result =
      step(sweep_of(256), TargetTrouble{.kind = Kind::permanent, .message = "", .sqlstate = ""});
  CHECK(result->error == "permanent");
}

TEST_CASE("a locked table costs no attempt and halves the batch", "[next_step]") {
  const Settlement result = after(Kind::locked);
  CHECK(result.outcome == Outcome::release);
  CHECK(result.batch_size == 128);
  CHECK(result.delay >= 800ms);
  CHECK(result.delay <= 1'200ms);
}

TEST_CASE("a locked partition is left alone for longer because its readers wait as well",
          "[next_step]") {
  StepFacts facts = sweep_of(1);
  facts.strategy = Strategy::partition;
  const Settlement result = after(Kind::locked, facts);
  CHECK(result.outcome == Outcome::release);
  CHECK(result.batch_size == 1);
  CHECK(result.delay >= 8s);
  CHECK(result.delay <= 12s);
}

TEST_CASE("a partition that timed out spends an attempt since it cannot be smaller",
          "[next_step]") {
  StepFacts facts = sweep_of(1);
  facts.strategy = Strategy::partition;
  CHECK(after(Kind::timed_out, facts).outcome == Outcome::fail);
}

TEST_CASE("a timeout is never retried with the same size", "[next_step]") {
  const Settlement result = after(Kind::timed_out);
  CHECK(result.outcome == Outcome::release);
  CHECK(result.batch_size == 128);
  CHECK(result.delay < 1s);
}

TEST_CASE("a timeout at the smallest size spends an attempt", "[next_step]") {
  const Settlement result = after(Kind::timed_out, sweep_of(16));
  CHECK(result.outcome == Outcome::fail);
  CHECK(result.delay >= 1s);
}

TEST_CASE("a timeout of a plan or a verification spends an attempt", "[next_step]") {
  StepFacts facts = sweep_of(0);
  facts.strategy.reset();
  CHECK(after(Kind::timed_out, facts).outcome == Outcome::fail);
}

TEST_CASE("a statement that the worker itself cancelled costs nothing", "[next_step]") {
  StepFacts facts = sweep_of(16);
  facts.given_up = true;
  const Settlement result = after(Kind::timed_out, facts);
  CHECK(result.outcome == Outcome::release);
  CHECK(result.batch_size == 0);
  CHECK(result.delay == 0ms);
}

TEST_CASE("a step that outlived its lease is not repeated with the same size for nothing",
          "[next_step]") {
  StepFacts facts = sweep_of(256);
  facts.given_up = true;
  facts.overdue = true;
  const Settlement smaller = after(Kind::timed_out, facts);
  CHECK(smaller.outcome == Outcome::release);
  CHECK(smaller.batch_size == 128);
  CHECK(smaller.error == "not ended when its lease was over: it said no");
  facts.size = 16;
  CHECK(after(Kind::timed_out, facts).outcome == Outcome::fail);
  facts.strategy.reset();
  CHECK(after(Kind::timed_out, facts).outcome == Outcome::fail);
}

TEST_CASE("passing trouble spends an attempt and backs off and comes back with less work",
          "[next_step]") {
  StepFacts facts = sweep_of(256);
  facts.task.attempts = 3;
  const Settlement result = after(Kind::retryable, facts);
  CHECK(result.outcome == Outcome::fail);
  CHECK(result.delay >= 6'400ms);
  CHECK(result.delay <= 9'600ms);
  CHECK(result.batch_size == 128);
  CHECK_FALSE(result.target_down);
}

TEST_CASE("a target that cannot be reached costs no attempt and is left to its circuit",
          "[next_step]") {
  StepFacts facts = sweep_of(256);
  facts.task.attempts = 8;
  const Settlement result = after(Kind::unreachable, facts);
  CHECK(result.outcome == Outcome::release);
  CHECK(result.target_down);
  CHECK(result.delay == 0ms);
  CHECK(result.batch_size == 0);
  CHECK(result.error == "it said no");
}

TEST_CASE("a cancel does not hide that the target cannot be reached", "[next_step]") {
  StepFacts facts = sweep_of(256);
  facts.cancelled = true;
  const Settlement result = after(Kind::unreachable, facts);
  CHECK(result.outcome == Outcome::cancel);
  CHECK(result.target_down);
}

TEST_CASE("only a target that cannot be reached counts for its circuit", "[next_step]") {
  for (const Kind kind : {Kind::halted, Kind::stale, Kind::expired, Kind::changed,
                          Kind::unsupported, Kind::locked, Kind::timed_out, Kind::permanent})
    CHECK_FALSE(after(kind).target_down);
}

TEST_CASE("a backoff doubles and ends at fifteen minutes", "[next_step]") {
  CHECK(backoff(-1) == 2s);
  CHECK(backoff(1) == 2s);
  CHECK(backoff(2) == 4s);
  CHECK(backoff(9) == 512s);
  CHECK(backoff(10) == 15min);
  CHECK(backoff(1'000'000) == 15min);
}

TEST_CASE("a cancel ends what would go on and keeps what is done", "[next_step]") {
  StepFacts facts = sweep_of(256);
  facts.cancelled = true;
  const auto went_on = step(facts, batch(false));
  CHECK(went_on->outcome == Outcome::cancel);
  CHECK(went_on->rows == 500);
  CHECK(step(facts, batch(true))->outcome == Outcome::done);
  CHECK(after(Kind::retryable, facts).outcome == Outcome::cancel);
  CHECK(after(Kind::retryable, facts).delay == 0ms);
  CHECK(after(Kind::locked, facts).outcome == Outcome::cancel);
  CHECK(after(Kind::permanent, facts).outcome == Outcome::dead);
}

TEST_CASE("an error text is one line of UTF-8 that the control database takes", "[next_step]") {
  CHECK(one_line(std::string("a\nb\0c", 5)) == "a b c");
  CHECK(one_line("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
  CHECK(one_line("gr\xfc\xdf") == "gr??");
  std::string long_text(999, 'x');
  long_text += "\xc3\xbc and more";
  CHECK(one_line(long_text) == std::string(999, 'x'));
  CHECK(is_utf8(one_line(std::string(5'000, '\xc3'))));
}

TEST_CASE("trouble with a vacuum is told and never a dead letter", "[next_step]") {
  StepFacts facts = sweep_of(0);
  facts.task.kind = TaskKind::vacuum;
  facts.strategy.reset();
  for (const Kind kind : {Kind::stale, Kind::closed, Kind::expired, Kind::changed,
                          Kind::unsupported, Kind::timed_out, Kind::poisoned, Kind::permanent}) {
    const Settlement result = after(kind, facts);
    CHECK(result.outcome == Outcome::done);
    REQUIRE(result.vacuum);
    CHECK(result.vacuum->problem == "it said no");
  }
  for (const Kind kind : {Kind::locked, Kind::retryable}) {
    CHECK(after(kind, facts).outcome == Outcome::fail);
    CHECK(after(kind, facts).sqlstate == "XX000");
    StepFacts last = facts;
    last.task.attempts = last.task.max_attempts;
    CHECK(after(kind, last).outcome == Outcome::done);
    CHECK(after(kind, last).vacuum->problem == "it said no");
  }
  for (const Kind kind : {Kind::halted, Kind::unreachable})
    CHECK(after(kind, facts).outcome == Outcome::release);
  CHECK_FALSE(step(facts, TargetTrouble{.kind = Kind::fenced, .message = "", .sqlstate = ""}));
}

TEST_CASE("a vacuum that a stopping worker broke off goes back and one past its lease does not",
          "[next_step]") {
  StepFacts facts = sweep_of(0);
  facts.task.kind = TaskKind::vacuum;
  facts.strategy.reset();
  facts.given_up = true;
  CHECK(after(Kind::timed_out, facts).outcome == Outcome::release);
  facts.overdue = true;
  CHECK(after(Kind::timed_out, facts).outcome == Outcome::done);
  facts.cancelled = true;
  CHECK(after(Kind::timed_out, facts).outcome == Outcome::cancel);
}

TEST_CASE("a vacuum ends when nothing is left of it and tells what it left out", "[next_step]") {
  StepFacts facts = sweep_of(0);
  facts.task.kind = TaskKind::vacuum;
  CHECK(step(facts, Vacuumed{.finished = false, .left = ""})->outcome == Outcome::again);
  const auto done = step(facts, Vacuumed{.finished = true, .left = "a\nb"});
  CHECK(done->outcome == Outcome::done);
  REQUIRE(done->vacuum);
  CHECK(done->vacuum->problem == "a b");
}

TEST_CASE("a task that a guard refused is over and nothing of it is retried", "[next_step]") {
  const Settlement result = after(Kind::refused);
  CHECK(result.outcome == Outcome::done);
  CHECK(result.refusal == "it said no");
  CHECK(result.batches == 0);  // the totals stay as the batch before left them
}
