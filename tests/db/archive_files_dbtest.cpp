// Copies of rows in files, durable before the deletes commit, and the way back.

#include <filesystem>
#include <fstream>

#include "cli/archive_check.hpp"
#include "common/archive/durable_file.hpp"
#include "common/user_error.hpp"
#include "tests/support/archives.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_tables.hpp"

using namespace lethe;
using test::RunDriver;
using test::ScratchDirectory;
using test::TestDatabase;
namespace fs = std::filesystem;

namespace {

bool says(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

/// What `lethe archive verify` finds, one line each.
std::string findings(RunDriver& fleet, const ScratchDirectory& directory) {
  archive::FileArchive store;
  const std::vector<std::string> directories{directory.path()};
  const auto found = cli::check_archives({.target = "app",
                                          .database = fleet.target(),
                                          .store = store,
                                          .question = {},
                                          .directories = directories});
  std::string text;
  for (const auto& problem : found.problems) text += problem.what + "\n";
  for (const auto& file : found.uncommitted) text += "uncommitted " + file.file + "\n";
  return text;
}

std::size_t files_in(const ScratchDirectory& directory) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory.path()))
    if (entry.is_regular_file()) ++files;
  return files;
}

std::string refusal(RunDriver& fleet, const std::string& run) {
  try {
    test::restore_run(fleet, run);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

constexpr const char* create_types = R"(
CREATE COLLATION public.folded (provider = icu, locale = 'und-u-ks-level2',
 deterministic = false);
CREATE TYPE public.mood AS ENUM ('so so', 'good "very"');
CREATE TYPE public.pair AS (a int, b text);
CREATE DOMAIN public.short AS varchar(10) CHECK (value <> 'no');
CREATE DOMAIN public.list AS int[];
CREATE TABLE public.t (
  id bigint PRIMARY KEY, created_at timestamptz, "odd ""name"", with
line" text, i2 smallint, i4 integer, num numeric, num2 numeric(12,4), f4 real,
 f8 double precision,
  money money, flag boolean, c1 "char", c5 character(5), v varchar(20), nm name, b bytea,
 ts timestamp,
  tsz timestamptz(3), d date, tm time, tmz timetz, iv interval, u uuid, js json, jb jsonb,
 x xml,
  ip inet, net cidr, mac macaddr, mac8 macaddr8, bits bit(5), vbits bit varying, p point,
 ln line, sg lseg,
  bx box, pth path, pg polygon, ci circle, tsv tsvector, tsq tsquery, o oid, rc regclass,
 lsn pg_lsn,
  r4 int4range, rts tstzrange, arr int[], arr2 text[][], atz timestamptz[], m public.mood,
 ms public.mood[],
  pr public.pair, prs public.pair[], sh public.short, li public.list,
 fo text COLLATE public.folded)
)";

constexpr const char* insert_values = R"(
INSERT INTO public.t VALUES
(1, now() - interval '100 days', E'a"b,c\nd\r\te\\.\\', -32768, 2147483647, 'NaN', 0.1,
 '3.4028235e38', 'NaN',
 '-12.34', true, 'x', 'ab', '', 'nm', '\x00ff0a22', 'infinity', '-infinity', 'infinity',
 '24:00:00', '23:59:59.999999+15:59',
 '1 year -2 mons +3 days -04:05:06.789', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
 '{"a":  1, "a": 2 }', '{"b": "\u00e9\"", "a": [1.10, null]}',
 '<a b="c">&amp; x</a>', '10.1.2.3/8', '10.1.2.0/24', '08:00:2b:01:02:03',
 '08:00:2b:01:02:03:04:05', B'10101', B'1',
 '(0.1,-1e300)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]',
 '((0,0),(1,1),(2,0))', '<(0,0),1.5>',
 'a:1A ''b c'':2', 'a & !b', 4294967295, 'pg_class', 'FFFFFFFF/FFFFFFFF', '[1,10)',
 '[2020-01-01 00:00+00,infinity)',
 '{1,NULL,-3}', '{{"a","NULL"},{NULL,"x\"y,z"}}', '{"infinity","2020-01-01 00:00+00"}',
 'good "very"', '{"so so"}',
 '(1,"x,""y")', ARRAY[ROW(NULL,'')::public.pair, NULL], 'yes', '[0:1]={4,5}', 'A"a');
INSERT INTO public.t VALUES (2, now() - interval '100 days', '', 0, 0, '1.500', -99999999.9999,
 'Infinity', '-Infinity', '92233720368547758.07', false, '', '', 'x ',
 '', '', '0044-03-15 12:00:00 BC', '2020-02-29 23:59:59.9996+00', '0044-03-15 BC', '00:00',
 '00:00+00', '00:00', '00000000-0000-0000-0000-000000000000', 'null', 'null',
 '', '::1', '::/0', NULL, NULL, B'00000', B'', '(NaN,Infinity)', NULL, NULL, NULL,
 '((0,0),(1,1))', NULL, NULL, '', '', 0, 0, '0/0',
 'empty', '(,)', '{}', '{}', '{}', NULL, '{}', ROW(NULL, NULL), '{}', '', '{}', '');
INSERT INTO public.t VALUES (3, now() - interval '100 days')
)";

}  // namespace

TEST_CASE("every column type comes back from a file byte by byte", "[archive]") {
  const ScratchDirectory directory;
  TestDatabase database;
  try {
    database.execute(create_types);
  } catch (const pqxx::sql_error&) {  // a server without ICU
    std::string text = create_types;
    text.erase(0, text.find(";") + 1);
    const std::string folded = " COLLATE public.folded";
    text.erase(text.find(folded), folded.size());
    database.execute(text);
  }
  database.execute(insert_values);
  database.execute(
      "INSERT INTO public.t (id, created_at, f8, num, js) SELECT 3 + n, now() - interval '50 "
      "days', "
      "random() * 10 ^ (n % 300 - 150), random()::numeric, CASE WHEN n % 3 > 0 THEN '{}'::json END "
      "FROM generate_series(1, 5000) n");
  const std::string before = test::md5_of(database, "public.t");
  RunDriver fleet(database);
  const RunRow run =
      fleet.work_off(fleet.start(test::into_files(test::policy_of("", 20), directory)));
  INFO(run.error);
  CHECK(run.state == "satisfied");
  CHECK(run.rows == 5'003);
  CHECK(database.number("SELECT count(*) FROM public.t") == 0);
  CHECK(findings(fleet, directory).empty());
  CHECK(test::restore_run(fleet, run.id).restored == 5'003);
  CHECK(test::md5_of(database, "public.t") == before);
  CHECK(
      database.number("SELECT count(*) FROM public.t WHERE pr IS NOT DISTINCT FROM NULL AND id <= "
                      "3") == 1);
}

TEST_CASE("a file says what is in it and COPY can read it", "[archive]") {
  const ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  RunDriver fleet(database);
  const RunRow run =
      fleet.work_off(fleet.start(test::into_files(test::policy_of("", 10), directory)));
  CHECK(run.state == "satisfied");
  const auto batches = fleet.target().archives({.run = run.id, .table = {}});
  REQUIRE_FALSE(batches.empty());
  std::int64_t rows = 0;
  for (const auto& batch : batches) {
    rows += batch.rows;
    CHECK(batch.ledger_rows == batch.rows);
    CHECK(batch.table == "public.t");
    CHECK(batch.file.directory == directory.path());
    CHECK_FALSE(batch.oldest.empty());
  }
  CHECK(rows == run.rows);
  CHECK(files_in(directory) == 2 * batches.size());
  archive::FileArchive store;
  database.execute("CREATE TABLE public.again (LIKE public.t)");
  for (const auto& batch : batches) {
    const std::string content = store.read(batch.file);
    const std::string path = directory.path() + "/plain.csv";
    std::ofstream(path) << content;
    fs::permissions(directory.path(), fs::perms::all);
    fs::permissions(path, fs::perms::all);
    database.execute("COPY public.again FROM '" + path + "' (FORMAT csv, HEADER)");
  }
  CHECK(database.number("SELECT count(*) FROM public.again") == run.rows);
}

TEST_CASE("restoring twice leaves the rows that are there alone", "[archive]") {
  const ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  const std::string before = test::md5_of(database, "public.t");
  RunDriver fleet(database);
  const RunRow run =
      fleet.work_off(fleet.start(test::into_files(test::policy_of("", 10), directory)));
  database.execute("INSERT INTO public.t (id, note) VALUES (300, 'another')");
  const RestoredRows first = test::restore_run(fleet, run.id);
  CHECK(first.restored == run.rows - 1);
  CHECK(first.there == 1);
  CHECK(database.text("SELECT note FROM public.t WHERE id = 300") == "another");
  const RestoredRows second = test::restore_run(fleet, run.id);
  CHECK(second.restored == 0);
  CHECK(second.there == run.rows);
  database.execute("DELETE FROM public.t WHERE id = 300");
  CHECK(test::restore_run(fleet, run.id).restored == 1);
  CHECK(test::md5_of(database, "public.t") == before);
}

TEST_CASE("without a primary key a batch is restored once and no more", "[archive]") {
  const ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  database.execute(
      "ALTER TABLE public.t DROP CONSTRAINT t_pkey; INSERT INTO public.t SELECT * FROM "
      "public.t");
  const std::string before = test::md5_of(database, "public.t");
  RunDriver fleet(database);
  const RunRow run =
      fleet.work_off(fleet.start(test::into_files(test::policy_of("", 10), directory)));
  CHECK(test::restore_run(fleet, run.id).restored == run.rows);
  CHECK(test::md5_of(database, "public.t") == before);
  const RestoredRows again = test::restore_run(fleet, run.id);
  CHECK(again.before);
  CHECK(again.restored == 0);
  CHECK(test::md5_of(database, "public.t") == before);
}

TEST_CASE("a batch that is rolled back after its file was written leaves rows and a file behind",
          "[archive]") {
  const ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  database.execute(
      "CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
      "'crash' USING ERRCODE = 'serialization_failure'; END $$; CREATE TRIGGER fail BEFORE INSERT "
      "ON lethe.ledger FOR EACH ROW EXECUTE FUNCTION public.fail()");
  RunDriver fleet(database);
  const std::string id = fleet.start(test::into_files(test::policy_of("", 10), directory));
  fleet.work_off(id, 2);  // the plan and one batch
  CHECK(database.number("SELECT count(*) FROM public.t") == 480);
  CHECK(database.number("SELECT count(*) FROM lethe.archives") == 0);
  CHECK(files_in(directory) == 2);
  CHECK(says(findings(fleet, directory), "uncommitted " + id + "/"));
  database.execute("DROP TRIGGER fail ON lethe.ledger");
  // What changed in between makes another file of the same batch.
  database.execute("UPDATE public.t SET note = 'new' WHERE id = 300");
  const RunRow run = fleet.work_off(id);
  CHECK(run.state == "satisfied");
  CHECK(says(findings(fleet, directory), "uncommitted " + id + "/"));
  CHECK(test::restore_run(fleet, run.id).restored == run.rows);
  CHECK(database.text("SELECT note FROM public.t WHERE id = 300") == "new");
  archive::FileArchive store;
  const std::vector<std::string> directories{directory.path()};
  for (const auto& file : cli::find_uncommitted({.target = "app",
                          .database = fleet.target(),
                          .store = store,
                          .question = {},
                          .directories = directories}))
    store.remove(file.directory, file.file);
  CHECK(findings(fleet, directory).empty());
}

TEST_CASE("a file that was changed or is gone is found and nothing of it is restored",
          "[archive]") {
  const ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  RunDriver fleet(database);
  const RunRow run =
      fleet.work_off(fleet.start(test::into_files(test::policy_of("", 10), directory)));
  const auto batch = fleet.target().archives({.run = run.id, .table = {}}).at(0);
  const fs::path path = fs::path(batch.file.directory) / batch.file.file;
  std::string bytes = archive::read_file(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  std::ofstream(path, std::ios::binary) << bytes;
  CHECK(says(findings(fleet, directory), "was changed"));
  CHECK_THROWS_AS(test::restore_run(fleet, run.id), ArchiveError);
  CHECK(database.number("SELECT count(*) FROM public.t") == 480 - run.rows);
  fs::remove(path);
  CHECK(says(findings(fleet, directory), "No such file"));
  database.execute("UPDATE lethe.archives SET batch = batch + 100");
  CHECK(says(findings(fleet, directory), "is not in the ledger"));
}

TEST_CASE("a worker that cannot write the file deletes nothing and says why", "[archive]") {
  const ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  RunDriver fleet(database);
  Policy policy = test::into_files(test::policy_of("", 10), directory);
  policy.archive->directory += "/none";
  const std::string id = fleet.start(policy);
  fleet.work_off(id, 4);
  CHECK(database.number("SELECT count(*) FROM public.t") == 480);
  CHECK(database.number("SELECT count(*) FROM lethe.ledger") == 0);
  CHECK(says(database.text("SELECT string_agg(last_error, ' ') FROM lethe.items"),
             "nothing was deleted, because the copies have no place: cannot make directory"));
  fs::create_directory(policy.archive->directory);
  CHECK(fleet.work_off(id).state == "satisfied");
}

TEST_CASE("a restore that would not be exact is refused and changes nothing", "[archive]") {
  const ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  RunDriver fleet(database);
  const RunRow run =
      fleet.work_off(fleet.start(test::into_files(test::policy_of("", 10), directory)));
  const auto with = [&](const std::string& sql) {
    database.execute(sql);
    return refusal(fleet, run.id);
  };
  database.execute(
      "CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = "
      "300 "
      "THEN NEW.note := 'meddled'; END IF; RETURN NEW; END $$; CREATE FUNCTION public.swallow() "
      "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.id <> 300 THEN NEW END; "
      "END "
      "$$");
  CHECK(says(with("CREATE TRIGGER m BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION "
                  "public.meddle()"),
             "a trigger changes them"));
  CHECK(says(with("DROP TRIGGER m ON public.t; CREATE TRIGGER m BEFORE INSERT ON public.t FOR EACH "
                  "ROW EXECUTE FUNCTION public.swallow()"),
             "keeps them out"));
  CHECK(says(with("DROP TRIGGER m ON public.t; ALTER TABLE public.t RENAME note TO remark"),
             "has no column 'note' any more"));
  CHECK(says(with("ALTER TABLE public.t RENAME remark TO note; ALTER TABLE public.t RENAME TO u"),
             "there is no table public.t any more"));
  CHECK(database.number("SELECT count(*) FROM public.u") == 480 - run.rows);
  database.execute(
      "ALTER TABLE public.u RENAME TO t; ALTER TABLE public.t ADD COLUMN extra int "
      "DEFAULT 7");
  CHECK(test::restore_run(fleet, run.id).restored == run.rows);
  CHECK(database.number("SELECT count(*) FROM public.t WHERE extra = 7") == 480);
}

TEST_CASE("copies go when their time is over and not while a hold is on their table", "[archive]") {
  const bool in_files = GENERATE(false, true);
  const ScratchDirectory directory;
  TestDatabase database;
  test::make_plain_table(database, 480);
  test::make_archive_table(database);
  RunDriver fleet(database);
  Policy policy = test::policy_of("", 10);
  policy = in_files ? test::into_files(policy, directory) : test::into_table(policy);
  policy.archive->keep = Retention{0, 3'600};
  const RunRow run = fleet.work_off(fleet.start(policy));
  CHECK(run.state == "satisfied");
  archive::FileArchive store;
  const auto prune = [&]() -> std::optional<std::int64_t> {
    std::optional<std::int64_t> hold;
    for (const auto& batch : fleet.target().archives({.run = run.id, .table = {}}))
      hold = fleet.target().prune_archive(batch, store, "test");
    return hold;
  };
  CHECK_THROWS_AS(prune(), UserError);  // their time is not over
  database.execute("UPDATE lethe.archives SET keep_until = now() - interval '1 second'");
  NewHold hold;
  hold.table = policy.table;
  hold.tenant = "t3";
  hold.tenant_columns = {"tenant"};
  hold.reason = "case";
  const auto id = fleet.target().place_hold(hold, "test");
  CHECK(prune() == id);
  CHECK(findings(fleet, directory).empty());
  CHECK(fleet.target().release_hold(id, "closed", "test"));
  CHECK_FALSE(prune());
  CHECK(database.number("SELECT count(*) FROM public.t_old") == 0);
  CHECK(files_in(directory) == 0);
  CHECK(findings(fleet, directory).empty());
  CHECK(database.number("SELECT count(*) FROM lethe.archives WHERE pruned_by = 'test'") ==
        database.number("SELECT count(*) FROM lethe.archives"));
  CHECK(says(refusal(fleet, run.id), "were pruned"));
}
