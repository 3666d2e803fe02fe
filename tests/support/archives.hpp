#pragma once

#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "common/archive/file_archive.hpp"
#include "tests/support/run_driver.hpp"

namespace lethe::test {

/// A directory of a test's own, gone at the end.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "lethe-archive-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch directory");
    path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// public.t_old, which takes copies of public.t (or `table`) as the documentation makes it.
inline void make_archive_table(TestDatabase& database, const std::string& table = "public.t") {
  database.execute("CREATE TABLE " + table + "_old (LIKE " + table +
                   ", lethe_run text, lethe_at timestamptz); CREATE INDEX ON " + table +
                   "_old (lethe_run, lethe_at)");
}

inline Policy into_table(Policy policy) {
  policy.archive = ArchiveRule{
      .table = {policy.table.schema, policy.table.table + "_old"}, .directory = "", .keep = {}};
  return policy;
}

inline Policy into_files(Policy policy, const ScratchDirectory& directory) {
  policy.archive = ArchiveRule{.table = {}, .directory = directory.path(), .keep = {}};
  return policy;
}

/// Puts back what a run took, as `lethe archive restore` does.
inline RestoredRows restore_run(RunDriver& fleet, const std::string& run) {
  archive::FileArchive store;
  RestoredRows all;
  auto list = fleet.target().archives({.run = run, .table = {}});
  for (auto batch = list.rbegin(); batch != list.rend(); ++batch) {
    const RestoredRows one = fleet.target().restore_archive(*batch, store, "test");
    all.restored += one.restored;
    all.there += one.there;
    all.before = all.before || one.before;
  }
  return all;
}

/// A sum over the text of all rows of a table, whatever their order.
inline std::string md5_of(TestDatabase& database, const std::string& table,
                          const std::string& columns = "*") {
  return database.text(
      "SET LOCAL TimeZone = 'UTC'; SET LOCAL extra_float_digits = 3; SELECT "
      "md5(string_agg(r::text, E'\\n' ORDER BY r::text COLLATE \"C\")) FROM "
      "(SELECT " +
      columns + " FROM " + table + ") r");
}

}  // namespace lethe::test
