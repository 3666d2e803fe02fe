// A table that becomes another one while a batch waits for its lock: the change was begun before
// the batch and is committed before the batch goes on.

#include <string>

#include "tests/support/one_batch.hpp"

using namespace lethe;
using test::OneBatch;
using test::OtherSession;
using test::TestDatabase;

namespace {

/// What an owner does to public.t.
struct Change {
  const char* what;
  const char* sql;
};

constexpr Change changes[] = {
    {"swapped for another table",
     "ALTER TABLE public.t RENAME TO t_old; ALTER TABLE public.other RENAME TO t"},
    {"renamed", "ALTER TABLE public.t RENAME TO elsewhere"},
    {"moved to another schema", "ALTER TABLE public.t SET SCHEMA aside"},
    {"given a trigger",
     "CREATE TRIGGER copies AFTER DELETE ON public.t FOR EACH ROW EXECUTE FUNCTION public.noop()"},
    {"given a rule", "CREATE RULE instead AS ON DELETE TO public.t DO INSTEAD NOTHING"},
    {"retyped", "ALTER TABLE public.t ALTER created_at TYPE timestamp USING created_at"},
    {"made a parent with a cascade",
     "ALTER TABLE public.child ADD FOREIGN KEY (t_id) REFERENCES public.t (id) ON DELETE CASCADE"},
    {"hidden by row security", "ALTER TABLE public.t ENABLE ROW LEVEL SECURITY"},
    {"given to another owner", "ALTER TABLE public.t OWNER TO pg_monitor"},
};

}  // namespace

TEST_CASE("a table that became another one while a batch waited for it loses no row",
          "[identity][race]") {
  const Change change = GENERATE(from_range(std::begin(changes), std::end(changes)));
  INFO("the table was " << change.what);
  TestDatabase database;
  test::make_plain_table(database, 240);
  database.execute(
      "CREATE TABLE public.other (LIKE public.t INCLUDING ALL); INSERT INTO public.other SELECT * "
      "FROM public.t; CREATE SCHEMA aside; CREATE TABLE public.child (t_id int); INSERT INTO "
      "public.child SELECT id FROM public.t; CREATE FUNCTION public.noop() RETURNS trigger "
      "LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$");
  const OneBatch batch(database, test::policy_of("", 5));
  OtherSession owner(database.url());
  owner.execute(change.sql);
  auto answer = batch.begin();
  REQUIRE(test::somebody_waits(database));
  owner.commit();
  const auto came = answer.get();
  REQUIRE(std::holds_alternative<TargetTrouble>(came));
  INFO(std::get<TargetTrouble>(came).message);
  const auto kind = std::get<TargetTrouble>(came).kind;
  // Without the name that it waited for, the server says so first.
  const bool is_stopped =
      kind == TargetTrouble::Kind::changed || kind == TargetTrouble::Kind::permanent;
  CHECK(is_stopped);
  for (const char* name :
       {"public.t", "public.t_old", "public.elsewhere", "aside.t", "public.other"}) {
    CAPTURE(name);
    if (database.text(std::string("SELECT to_regclass('") + name + "')::text").empty()) continue;
    CHECK(database.number(std::string("SELECT count(*) FROM ") + name) == 240);
  }
  CHECK(database.number("SELECT count(*) FROM public.child") == 240);
}
