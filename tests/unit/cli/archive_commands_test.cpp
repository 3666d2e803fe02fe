#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace lethe::cli::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text, part);
  return text.find(part) != std::string::npos;
}

/// Files that are as they should be, but for those that a test says something of.
class FakeArchive final : public ArchiveStore {
 public:
  ArchiveFile write(const NewArchiveFile&) override { return {}; }
  std::string read(const ArchiveFile&) override { return ""; }
  std::string problem(const ArchiveFile& file, std::int64_t) override {
    return file.file == damaged ? file.file + " was changed" : "";
  }
  std::vector<StrayFile> strays(const std::string& directory,
                                const std::function<bool(const std::string&)>& known) override {
    std::vector<StrayFile> found;
    for (const StrayFile& file : files)
      if (file.directory == directory && !known(file.file)) found.push_back(file);
    return found;
  }
  void remove(const std::string&, const std::string& file) override { removed.push_back(file); }

  std::string damaged;
  std::vector<StrayFile> files;
  Log removed;
};

/// Run R1 with two batches in files, the first of which is due.
struct Shelf {
  FakeWorld world;
  FakeArchive archive;
  Shelf() {
    world.archive = &archive;
    world.add_target("app");
    auto& list = world.connector.behaviours["service=app"].archives;
    for (const std::int64_t id : {1, 2}) {
      ArchivedRows rows;
      rows.id = id;
      rows.run = "R1";
      rows.task = "T1";
      rows.batch = id;
      rows.policy = "keep";
      rows.table = "public.t";
      rows.file = {
          .directory = "/srv", .file = "R1/" + std::to_string(id), .sha256 = "", .bytes = 500};
      rows.rows = 1'000;
      rows.ledger_rows = 1'000;
      rows.oldest = "2020-01-0" + std::to_string(id);
      rows.newest = rows.oldest;
      rows.archived_at = "2026-11-21T03:00:00.000000Z";
      rows.keep_until = "2026-12-21T03:00:00.000000Z";
      rows.due = id == 1;
      list.push_back(rows);
    }
  }
  std::vector<ArchivedRows>& batches() {
    return world.connector.behaviours["service=app"].archives;
  }
  ExitCode run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "archive");
    arguments.insert(arguments.end(), {"--target", "app"});
    return world.run(arguments);
  }
};

TEST_CASE("archive list sums the batches of a run up", "[archive_commands]") {
  Shelf shelf;
  CHECK(shelf.run({"list"}) == ExitCode::done);
  CHECK(contains(shelf.world.out.str(), "/srv"));
  CHECK(contains(shelf.world.out.str(), "partly due"));
  CHECK(shelf.run({"list", "--output", "json"}) == ExitCode::done);
  CHECK(contains(shelf.world.out.str(),
                 "\"batches\":2,\"rows\":2000,\"bytes\":1000,\"oldest\":\"2020-01-01\",\"newest\":"
                 "\"2020-01-02\""));
  CHECK(shelf.run({"list", "--run", "R2"}) == ExitCode::done);
  CHECK(contains(shelf.world.out.str(), "nothing was archived"));
}

TEST_CASE("archive verify ends with 1 for whatever is wrong and names it", "[archive_commands]") {
  Shelf shelf;
  SECTION("nothing") {
    CHECK(shelf.run({"verify"}) == ExitCode::done);
    CHECK(contains(shelf.world.out.str(), "2,000 rows in 2 batches are as they were archived"));
    return;
  }
  std::string expected;
  SECTION("a file that was changed") {
    shelf.archive.damaged = "R1/2";
    expected = "R1/2 was changed";
  }
  SECTION("a batch that the ledger does not know") {
    shelf.batches()[0].ledger_rows.reset();
    expected = "batch 1 of task T1 is not in the ledger";
  }
  SECTION("a batch with other rows than the ledger says") {
    shelf.batches()[1].ledger_rows = 999;
    expected = "batch 2 of task T1 copied 1000 rows, and the ledger has 999";
  }
  SECTION("a file of a batch that was rolled back") {
    shelf.archive.files = {{"/srv", "R1/9", "app", "7"}};
    expected = "/srv/R1/9: not committed";
  }
  SECTION("a file that was not finished in a run of ours") {
    shelf.archive.files = {{"/srv", "R1/.9.partial", "", ""}};
    expected = "/srv/R1/.9.partial: not committed";
  }
  CHECK(shelf.run({"verify"}) == ExitCode::failed);
  CHECK(contains(shelf.world.out.str(), expected));
}

TEST_CASE("files of another target or server are not ours to complain about or to remove",
          "[archive_commands]") {
  Shelf shelf;
  shelf.archive.files = {{"/srv", "R8/1", "other", "7"},
                         {"/srv", "R8/2", "app", "8"},
                         {"/srv", "R8/.3.partial", "", ""}};
  CHECK(shelf.run({"verify"}) == ExitCode::done);
  CHECK(shelf.run({"prune", "--uncommitted", "--yes"}) == ExitCode::done);
  CHECK(shelf.archive.removed.empty());
}

TEST_CASE("files of batches that were rolled back are removed after those in flight have ended",
          "[archive_commands]") {
  Shelf shelf;
  shelf.archive.files = {{"/srv", "R1/1", "app", "7"}, {"/srv", "R1/9", "app", "7"}};
  CHECK(shelf.run({"prune", "--uncommitted", "--yes"}) == ExitCode::done);
  CHECK(shelf.world.log.front() == "service=app wait for batches");
  CHECK(shelf.archive.removed == Log{"R1/9"});
  CHECK(contains(shelf.world.out.str(), "1 file that was not committed removed"));
}

TEST_CASE("archive restore takes the last batch first and says what it did", "[archive_commands]") {
  Shelf shelf;
  CHECK(shelf.run({"restore"}) == ExitCode::usage);
  CHECK(shelf.run({"restore", "--run", "R9"}) == ExitCode::not_found);
  CHECK(shelf.run({"restore", "--table", "a.b.c"}) == ExitCode::usage);
  shelf.world.log.clear();
  CHECK(shelf.run({"restore", "--run", "R1"}) == ExitCode::done);
  const Log& log = shelf.world.log;
  REQUIRE(log.size() >= 2);
  CHECK(log.at(log.size() - 2) == "service=app restore archive 2 by ana@host");
  CHECK(log.back() == "service=app restore archive 1 by ana@host");
  CHECK(contains(shelf.world.out.str(), "2,000 rows restored"));
  CHECK(contains(shelf.world.err.str(), "its next run takes them again"));
}

TEST_CASE("archive prune asks first and leaves what is not due", "[archive_commands]") {
  Shelf shelf;
  CHECK(shelf.run({"prune"}) == ExitCode::usage);
  shelf.world.terminal = {.in = true, .out = true, .err = true, .colour = false, .columns = 80};
  shelf.world.in.str("n\n");
  CHECK(shelf.run({"prune"}) == ExitCode::failed);
  CHECK(shelf.world.log.empty());
  CHECK(shelf.run({"prune", "--yes"}) == ExitCode::done);
  CHECK(shelf.world.log.back() == "service=app prune archive 1 by ana@host");
  CHECK(contains(shelf.world.out.str(), "copies of 1,000 rows removed"));
}

}  // namespace
}  // namespace lethe::cli::test
