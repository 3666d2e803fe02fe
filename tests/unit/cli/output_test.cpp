#include "cli/output.hpp"

#include "cli/records.hpp"
#include "cli/text.hpp"
#include "tests/support/catch.hpp"

namespace lethe::cli {
namespace {

const std::vector<Record> two{
    {{"name", std::string("a")}, {"rows", std::int64_t{1'234'567}, Show::count}, {"last", Value{}}},
    {{"name", std::string("bär")}, {"rows", std::int64_t{5}, Show::count}, {"last", true}}};

std::vector<std::string> names_of(const Record& record) {
  std::vector<std::string> names;
  for (const Field& field : record) names.push_back(field.name);
  return names;
}

TEST_CASE("a table aligns texts to the left and numbers to the right", "[output]") {
  CHECK(render_table(two, {"name", "rows", "last"}) ==
        "NAME       ROWS  LAST\n"
        "a     1,234,567  -\n"
        "bär           5  yes\n");
}

TEST_CASE("JSON keeps the order of fields and writes absent values as null", "[output]") {
  CHECK(render_json(two) ==
        "[\n"
        "  {\"name\":\"a\",\"rows\":1234567,\"last\":null},\n"
        "  {\"name\":\"bär\",\"rows\":5,\"last\":true}\n"
        "]\n");
  CHECK(render_json({}) == "[]\n");
}

TEST_CASE("JSON survives bytes that are not UTF-8", "[output]") {
  CHECK(render_json({{{"t", std::string("\xFFx")}}}) == "[\n  {\"t\":\"\xEF\xBF\xBDx\"}\n]\n");
}

TEST_CASE("a card shows one field per line", "[output]") {
  CHECK(render_card({{"id", std::string("x")},
                     {"started_at", std::string("2026-11-21T03:00:00.123456Z"), Show::instant}}) ==
        "id          x\nstarted_at  2026-11-21 03:00:00Z\n");
}

TEST_CASE("a value cannot steer the terminal or break the line", "[output]") {
  CHECK(one_line("a\nb\x1b[2J\xC2\x9B"
                 "c") == "a b?[2J?c");
  CHECK(one_line("bär") == "bär");
}

TEST_CASE("task list has the documented fields in their order", "[output]") {
  CHECK(names_of(task_record({})) ==
        std::vector<std::string>{"id", "run", "policy", "target", "kind", "state", "tenant", "lane",
                                 "attempts", "rescues", "epoch", "leased_by", "lease_deadline",
                                 "expire_deadline", "enqueue_at", "batches", "rows", "last_error"});
}

TEST_CASE("run list has the documented fields in their order", "[output]") {
  CHECK(names_of(run_record({})) == std::vector<std::string>{"id", "policy", "target", "state",
                                                             "strategy", "cutoff", "scheduled_for",
                                                             "started_at", "finished_at", "rows",
                                                             "batches", "passes", "error"});
}

TEST_CASE("worker list has the documented fields in their order", "[output]") {
  CHECK(names_of(worker_record({})) == std::vector<std::string>{"id", "instance", "version",
                                                                "phase", "slots", "busy",
                                                                "last_seen_ms", "lanes"});
}

TEST_CASE("dead list has the fields of the task and three more", "[output]") {
  std::vector<std::string> names = names_of(task_record({}));
  for (const char* more : {"reason", "sqlstate", "died_at"}) names.emplace_back(more);
  CHECK(names_of(dead_record({})) == names);
}

TEST_CASE("people see a list of texts with commas and other JSON as it is", "[output]") {
  CHECK(render_card({{"a", nested(std::vector<std::string>{"x", "y z"})},
                     {"b", nested(std::vector<std::string>{})},
                     {"c", JsonText{"{\"k\":1}"}}}) == "a  x,y z\nb  []\nc  {\"k\":1}\n");
}

TEST_CASE("an ad-hoc run has no policy in JSON", "[output]") {
  RunRow row;
  row.id = "R1";
  row.target = "app";
  row.state = "planned";
  CHECK(render_json({run_record(row)}) ==
        "[\n  {\"id\":\"R1\",\"policy\":null,\"target\":\"app\",\"state\":\"planned\","
        "\"strategy\":null,\"cutoff\":null,\"scheduled_for\":null,\"started_at\":null,"
        "\"finished_at\":null,\"rows\":0,\"batches\":0,\"passes\":0,\"error\":null}\n]\n");
}

TEST_CASE("numbers for people have separators and units", "[output]") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(-1'234'567) == "-1,234,567");
  CHECK(bytes_text(999) == "999 B");
  CHECK(bytes_text(1'500'000) == "1.5 MB");
  CHECK(duration_text(std::chrono::milliseconds(3'249)) == "3.2 s");
  CHECK(duration_text(std::chrono::seconds(125)) == "2 min 5 s");
  CHECK(duration_text(std::chrono::hours(52)) == "2 d 4 h");
}

TEST_CASE("the census tells what goes and why the rest stays", "[output]") {
  Census census;
  census.cutoff = "2026-08-23T00:00:00.000000Z";
  census.total = 1'000;
  census.eligible = 400;
  census.too_young = 500;
  census.keep_min = 100;
  census.oldest = "2020-01-01";
  census.newest = "2026-08-22";
  census.bytes = 2'000;
  census.tenants = {{"acme", 600, 400}};
  census.referenced = 7;
  census.references = {{"lines_fk", "public.lines", 7, "CREATE INDEX ON public.lines (a)"},
                       {"notes_fk", "public.notes", 0, ""}};
  census.children = {{"public.items", 800, false}, {"public.carts", 1, true}};
  const std::string text = census_text(census);
  CHECK(text.find("would be deleted                400\n") != std::string::npos);
  CHECK(text.find("  kept by keep_min              100\n") != std::string::npos);
  CHECK(text.find("oldest 2020-01-01, newest 2026-08-22, about 2.0 kB\n") != std::string::npos);
  CHECK(text.find("acme      600       400\n") != std::string::npos);
  CHECK(text.find("  referenced by other rows        7\n") != std::string::npos);
  CHECK(text.find("kept: 7 rows referenced by public.lines (foreign key lines_fk)\n") !=
        std::string::npos);
  CHECK(text.find("run: CREATE INDEX ON public.lines (a)\n") != std::string::npos);
  CHECK(text.find("notes") == std::string::npos);
  CHECK(text.find("goes along: 800 rows of public.items\n") != std::string::npos);
  CHECK(text.find("changed: 1 row of public.carts\n") != std::string::npos);
}

}  // namespace
}  // namespace lethe::cli
