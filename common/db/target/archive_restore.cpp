#include "common/db/target/archive_restore.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/archive_csv.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/target/archive_rows.hpp"
#include "common/db/target/batch_delete.hpp"
#include "common/db/target/holds.hpp"
#include "common/db/target/row_copies.hpp"
#include "common/policies/policy_json.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

/// The protocol allows 65,535 parameters in one statement.
constexpr std::size_t values_max = 60'000;
constexpr std::size_t rows_max = 2'000;

[[noreturn]] void refuse(const std::string& why) { throw UserError(ExitCode::refused, why); }

struct HomeColumn {
  std::string name;
  std::string quoted;
  std::string type;
  std::string stored_type;
  bool generated = false;
};

std::vector<HomeColumn> look_up_home_columns(Transaction& transaction, std::uint32_t relation) {
  std::vector<HomeColumn> columns;
  for (const auto& row : transaction.exec(queries::archives_home_columns, Params::of(relation)))
    columns.push_back({.name = text(row, "name"),
                       .quoted = text(row, "quoted"),
                       .type = text(row, "type"),
                       .stored_type = text(row, "stored_type"),
                       .generated = flag(row, "generated")});
  return columns;
}

/// A table that rows go back to, or come from.
struct Home {
  std::uint32_t oid = 0;
  std::string name;
  std::vector<std::string> key;  ///< exact; empty: none
  std::vector<HomeColumn> columns;
};

Home look_up_home(Transaction& transaction, const TableName& name) {
  const auto rows = transaction.exec(queries::archives_home, Params::of(name.schema, name.table));
  if (rows.empty()) refuse(fmt::format("there is no table {} any more", to_text(name)));
  Home home{.oid = number<std::uint32_t>(rows.at(0), "oid"),
            .name = text(rows.at(0), "name"),
            .key = {},
            .columns = {}};
  if (const auto key = maybe<std::string>(rows.at(0), "key"))
    home.key = nlohmann::json::parse(*key).get<std::vector<std::string>>();
  home.columns = look_up_home_columns(transaction, home.oid);
  return home;
}

const HomeColumn* find_column(const Home& home, const std::string& name) {
  const auto found = std::find_if(home.columns.begin(), home.columns.end(),
                                  [&](const auto& column) { return column.name == name; });
  return found == home.columns.end() ? nullptr : &*found;
}

/// Some copies as the CTE `copies`, with the columns c0, c1 … of the archive.
struct Copies {
  std::string cte;
  Params params;
};

/// Where the rows of one batch go, and what of them.
class Restorer {
 public:
  Restorer(Transaction& transaction, const Home& home, const LockedArchive& archive)
      : transaction_(transaction), home_(home), archive_(archive) {}

  /// Which columns the copies have, by their exact names.
  void use(const std::vector<std::string>& names);
  /// The type of column number `i` of the copies.
  [[nodiscard]] const std::string& type(std::size_t i) const { return columns_.at(i)->type; }
  [[nodiscard]] std::size_t width() const { return columns_.size(); }
  void put(Copies copies);

  RestoredRows done;
  std::int64_t copies = 0;

 private:
  [[nodiscard]] std::string key_matches() const;
  [[nodiscard]] std::string has_new_values(const nlohmann::json& values, Params& params) const;
  [[nodiscard]] std::string insert() const;
  [[nodiscard]] std::string update(Params& params) const;
  [[nodiscard]] std::size_t place_of(const std::string& name) const;

  Transaction& transaction_;
  const Home& home_;
  const LockedArchive& archive_;
  std::vector<const HomeColumn*> columns_;  // of the copies, in their order
  std::map<std::string, std::string> equals_;
};

void Restorer::use(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const HomeColumn* column = find_column(home_, name);
    if (column == nullptr)
      refuse(
          fmt::format("{} has no column '{}' any more, and its values would be lost; add the "
                      "column first",
                      home_.name, name));
    columns_.push_back(column);
  }
  for (const auto& column : look_up_compared(transaction_, home_.oid, home_.key))
    equals_[column.name] = column.equals;
  for (const auto& name : home_.key) static_cast<void>(place_of(name));
}

std::size_t Restorer::place_of(const std::string& name) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(),
                                  [&](const auto* column) { return column->name == name; });
  if (found == columns_.end())
    refuse(fmt::format("column '{}' of the primary key of {} is not in the archive", name,
                       home_.name));
  return static_cast<std::size_t>(found - columns_.begin());
}

/// Row x of the table has the primary key of copy c.
std::string Restorer::key_matches() const {
  std::string text;
  for (const auto& name : home_.key) {
    const std::size_t i = place_of(name);
    text += fmt::format("{}x.{} {} c.c{}", text.empty() ? "" : " AND ", columns_[i]->quoted,
                        equals_.at(name), i);
  }
  return text;
}

std::string Restorer::insert() const {
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i]->generated) continue;
    names.push_back(columns_[i]->quoted);
    values.push_back(fmt::format("c{}", i));
  }
  std::vector<std::string> key;
  for (const auto& name : home_.key) key.push_back(columns_[place_of(name)]->quoted);
  const std::string conflict =
      key.empty() ? "" : fmt::format(" ON CONFLICT ({}) DO NOTHING", fmt::join(key, ", "));
  const std::string absent =
      key.empty() ? "count(*)"
                  : fmt::format(
                        "count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM {} AS x WHERE "
                        "{}))",
                        home_.name, key_matches());
  return fmt::format(
      "put AS (INSERT INTO {0} AS x ({1}) OVERRIDING SYSTEM VALUE SELECT c.{2} FROM copies AS c{3} "
      "RETURNING {4} AS line) SELECT (SELECT count(*) FROM copies) AS copies, (SELECT {5} FROM "
      "copies AS c) AS absent, (SELECT count(*) FROM put) AS put, (SELECT count(*) FROM (SELECT "
      "p.line FROM put AS p EXCEPT ALL SELECT {6} FROM copies AS c) AS d) AS differ",
      home_.name, fmt::join(names, ", "), fmt::join(values, ", c."), conflict,
      csv_line_sql(names, "x"), absent, csv_line_sql(values, "c"));
}

/// Row x of the table has the values that the policy gave it.
std::string Restorer::has_new_values(const nlohmann::json& values, Params& params) const {
  std::string text;
  for (const auto& [name, value] : values.items()) {
    const HomeColumn& column = *columns_[place_of(name)];
    text += fmt::format(" AND x.{} IS {}DISTINCT FROM NULL", column.quoted,
                        value.is_null() ? "NOT " : "");
    // By their text: not every type has an equality.
    if (!value.is_null())
      text += fmt::format(
          " AND pg_catalog.format('%s', x.{}) COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.=) "
          "pg_catalog.format('%s', {}::{}) COLLATE pg_catalog.\"C\"",
          column.quoted, params.bind(value.get<std::string>()), column.stored_type);
  }
  return text;
}

std::string Restorer::update(Params& params) const {
  const auto values = nlohmann::json::parse(*archive_.new_values);
  std::string assignments;
  for (const auto& item : values.items()) {
    const std::size_t i = place_of(item.key());
    assignments +=
        fmt::format("{}{} = c.c{}", assignments.empty() ? "" : ", ", columns_[i]->quoted, i);
  }
  return fmt::format(
      "put AS (UPDATE {} AS x SET {} FROM copies AS c WHERE {}{} RETURNING 1) SELECT (SELECT "
      "count(*) FROM copies) AS copies, (SELECT count(*) FROM put) AS put",
      home_.name, assignments, key_matches(), has_new_values(values, params));
}

void Restorer::put(Copies copies_in) {
  const bool changed = archive_.new_values.has_value();
  if (changed && home_.key.empty())
    refuse(fmt::format("{} has no primary key, by which changed rows could be found again",
                       home_.name));
  const std::string action = changed ? update(copies_in.params) : insert();
  const auto row =
      transaction_.exec_built(fmt::format("WITH {}, {}", copies_in.cte, action), copies_in.params)
          .at(0);
  const std::int64_t put = number(row, "put");
  const std::int64_t found = number(row, "copies");
  if (!changed && number(row, "absent") != put)
    refuse(
        fmt::format("{} rows were put into {} and {} arrived: a trigger or rule keeps them out; "
                    "disable it for the time",
                    number(row, "absent"), home_.name, put));
  if (!changed && number(row, "differ") != 0)
    refuse(
        fmt::format("{} rows came to be others on their way into {}: a trigger changes them, or "
                    "a column has another type now; disable it for the time, or change it back",
                    number(row, "differ"), home_.name));
  copies += found;
  done.restored += put;
  done.there += found - put;
}

void put_from_file(Restorer& restorer, const std::string& content) {
  CsvReader reader(content);
  const auto header = reader.next();
  if (!header) throw ArchiveError("an archive file has no header");
  std::vector<std::string> names;
  for (const auto& name : *header) names.push_back(name.value_or(""));
  restorer.use(names);
  const std::size_t most =
      std::max<std::size_t>(1, std::min(rows_max, values_max / restorer.width()));
  std::vector<std::string> places;
  for (std::size_t i = 0; i < restorer.width(); ++i) places.push_back(fmt::format("c{}", i));
  const std::string head =
      fmt::format("copies ({}) AS MATERIALIZED (VALUES ", fmt::join(places, ", "));
  for (auto row = reader.next(); row;) {
    Copies copies{.cte = head, .params = {}};
    for (std::size_t rows = 0; row && rows < most; ++rows, row = reader.next()) {
      if (row->size() != restorer.width())
        throw ArchiveError("a line of an archive file has another number of values than its head");
      copies.cte += rows == 0 ? "(" : ", (";
      for (std::size_t i = 0; i < row->size(); ++i)
        copies.cte += fmt::format("{}{}::{}", i == 0 ? "" : ", ", copies.params.bind(row->at(i)),
                                  restorer.type(i));
      copies.cte += ")";
    }
    copies.cte += ")";
    restorer.put(std::move(copies));
  }
}

bool is_stamp(const HomeColumn& column) {
  return (column.name == "lethe_run" && column.type == "text") ||
         (column.name == "lethe_at" && column.type == "timestamp with time zone");
}

/// Columns that the archive has beside those of the rows may hold what somebody wrote into them,
/// but nothing of the rows'.
void put_from_table(Transaction& transaction, Restorer& restorer, const Home& home,
                    const LockedArchive& locked, const ArchivedRows& rows) {
  const Home archive = look_up_home(transaction, *locked.archive_table);
  if (std::count_if(archive.columns.begin(), archive.columns.end(), is_stamp) != 2)
    refuse(
        fmt::format("copies in {} cannot be told apart: it has no lethe_run text and lethe_at "
                    "timestamptz; put them back by hand",
                    archive.name));
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (const auto& column : archive.columns) {
    if (is_stamp(column)) continue;
    if (find_column(home, column.name) == nullptr && column.generated) continue;
    names.push_back(column.name);
    values.push_back(fmt::format("a.{} AS c{}", column.quoted, values.size()));
  }
  restorer.use(names);
  Copies copies;
  const std::string which = copies_of(rows.run, locked.archived_at, copies.params);
  copies.cte = fmt::format("copies AS MATERIALIZED (SELECT {} FROM {} AS a WHERE {})",
                           fmt::join(values, ", "), archive.name, which);
  restorer.put(std::move(copies));
}

}  // namespace

RestoredRows restore_archive(Transaction& transaction, const ArchivedRows& rows,
                             const std::string& content, const std::string& actor) {
  transaction.exec_text(exact_text_settings());
  const LockedArchive locked = lock_archive(transaction, rows.id);
  const Home home = look_up_home(transaction, locked.table);
  // Without a key nobody can tell whether a row is there: the record decides.
  if (home.key.empty() && locked.is_restored) return {.restored = 0, .there = 0, .before = true};
  Restorer restorer(transaction, home, locked);
  if (locked.archive_table) {
    put_from_table(transaction, restorer, home, locked, rows);
  } else {
    try {
      put_from_file(restorer, content);
    } catch (const std::invalid_argument& error) {
      throw ArchiveError(fmt::format("{}: {}", rows.file.file, error.what()));
    }
  }
  if (restorer.copies != rows.rows)
    refuse(fmt::format("batch {} of task {} copied {} rows, and the archive has {}", rows.batch,
                       rows.task, rows.rows, restorer.copies));
  transaction.exec(queries::archives_set_restored, Params::of(rows.id, actor));
  return restorer.done;
}

}  // namespace lethe::db
