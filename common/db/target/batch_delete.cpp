#include "common/db/target/batch_delete.hpp"

#include <fmt/format.h>

#include "common/db/target/time_column.hpp"

namespace lethe::db {

namespace {

std::string in_blocks(const BlockRange& blocks, Params& params) {
  return fmt::format(
      "x.ctid OPERATOR(pg_catalog.>=) {}::tid AND x.ctid OPERATOR(pg_catalog.<) {}::tid",
      params.bind(fmt::format("({},0)", blocks.from)),
      params.bind(fmt::format("({},0)", blocks.to)));
}

/// " AND" and the range, or nothing when both ends are open.
std::string in_keys(const ColumnFacts& time, const KeyRange& range, Params& params) {
  std::string text;
  const auto add = [&](std::string_view op, const std::string& end) {
    if (!end.empty())
      text += fmt::format(" AND x.{} OPERATOR(pg_catalog.{}) {}::{}", time.quoted, op,
                          params.bind(end), limit_type(time));
  };
  add(">=", range.from);
  add("<", range.to);
  return text;
}

/// The CTE `gone`: deletes the rows for which `which` holds, or changes them, and has the times of
/// those to which that happened. A row counts as changed when it came out with the new values,
/// whatever a trigger made of them.
std::string gone(const std::string& relation, const Predicate& predicate, const std::string& which,
                 Params& params) {
  if (!predicate.sets())
    return fmt::format("gone AS (DELETE FROM ONLY {} AS x WHERE {} RETURNING {} AS ts)", relation,
                       which, predicate.instant());
  const std::string values = predicate.assignments(params);
  return fmt::format(
      "changed AS (UPDATE ONLY {} AS x SET {} WHERE {} RETURNING {} AS ts, {} AS done), "
      "gone AS (SELECT c.ts FROM changed c WHERE c.done)",
      relation, values, which, predicate.instant(), predicate.done(params));
}

/// The rows of the CTE `pick`, if they are eligible still.
std::string picked(const std::string& eligible) {
  return fmt::format("x.ctid OPERATOR(pg_catalog.=) ANY (ARRAY (SELECT pick.tid FROM pick)) AND {}",
                     eligible);
}

constexpr std::string_view counted =
    "count(*) AS rows, pg_catalog.min(gone.ts)::text AS oldest, pg_catalog.max(gone.ts)::text AS "
    "newest";

}  // namespace

BuiltStatement sweep_delete(const std::string& relation, const Predicate& predicate,
                            const BlockRange& blocks) {
  BuiltStatement built;
  const std::string range = in_blocks(blocks, built.params);
  const std::string which = fmt::format("{} AND {}", range, predicate.all_phases(built.params));
  built.sql = fmt::format("WITH {} SELECT {} FROM gone",
                          gone(relation, predicate, which, built.params), counted);
  return built;
}

BuiltStatement sweep_delete_skip_locked(const std::string& relation, const Predicate& predicate,
                                        const BlockRange& blocks) {
  BuiltStatement built;
  const std::string range = in_blocks(blocks, built.params);
  const std::string eligible = predicate.all_phases(built.params);
  built.sql = fmt::format(
      "WITH pick AS MATERIALIZED (SELECT x.ctid AS tid FROM ONLY {0} AS x WHERE {1} AND {2} "
      "FOR UPDATE SKIP LOCKED), {3} SELECT {4} FROM gone",
      relation, range, eligible, gone(relation, predicate, picked(eligible), built.params),
      counted);
  return built;
}

BuiltStatement index_delete(const std::string& relation, const Predicate& predicate,
                            const KeyRange& range, const std::string& cursor,
                            std::int64_t rows_max) {
  BuiltStatement built;
  const ColumnFacts& time = predicate.column(range.phase);
  const std::string eligible =
      predicate.one_phase(range.phase, built.params) + in_keys(time, range, built.params);
  const std::string from =
      in_keys(time, {.phase = range.phase, .from = cursor, .to = ""}, built.params);
  const std::string limit = built.params.bind(rows_max);
  built.sql = fmt::format(
      "WITH pick AS MATERIALIZED (SELECT x.ctid AS tid, x.{1} AS ts FROM ONLY {0} AS x WHERE "
      "{2}{3} "
      "ORDER BY x.{1} LIMIT {4}::bigint FOR UPDATE SKIP LOCKED), {5} "
      "SELECT (SELECT count(*) FROM pick) AS picked, (SELECT pick.ts::text FROM pick ORDER BY "
      "pick.ts DESC LIMIT 1) AS cursor, {6} FROM gone",
      relation, time.quoted, eligible, from, limit,
      gone(relation, predicate, picked(eligible), built.params), counted);
  return built;
}

BuiltStatement find_in_blocks(const std::string& relation, const Predicate& predicate,
                              const BlockRange& blocks) {
  BuiltStatement built;
  const std::string range = in_blocks(blocks, built.params);
  built.sql = fmt::format("SELECT EXISTS (SELECT 1 FROM ONLY {} AS x WHERE {} AND {}) AS found",
                          relation, range, predicate.all_phases(built.params));
  return built;
}

BuiltStatement find_anywhere(const std::string& relation, const Predicate& predicate) {
  BuiltStatement built;
  // Counted: for the first row alone the server would not start other processes.
  built.sql = fmt::format("SELECT count(*) > 0 AS found FROM ONLY {} AS x WHERE {}", relation,
                          predicate.all_phases(built.params));
  return built;
}

BuiltStatement find_by_index(const std::string& relation, const Predicate& predicate,
                             std::size_t phase) {
  BuiltStatement built;
  const std::string eligible = predicate.one_phase(phase, built.params);
  // ORDER BY makes the index the cheap way to the first row, whatever the statistics believe.
  built.sql = fmt::format(
      "SELECT EXISTS (SELECT 1 FROM ONLY {0} AS x WHERE {1} ORDER BY x.{2} LIMIT 1) AS found",
      relation, eligible, predicate.column(phase).quoted);
  return built;
}

BuiltStatement select_eligible(const std::string& relation, const Predicate& predicate) {
  BuiltStatement built;
  built.sql = fmt::format("SELECT 1 FROM ONLY {} AS x WHERE {}", relation,
                          predicate.all_phases(built.params));
  return built;
}

BuiltStatement select_eligible_by(const std::string& relation, const Predicate& predicate,
                                  std::size_t phase) {
  BuiltStatement built;
  built.sql = fmt::format("SELECT 1 FROM ONLY {} AS x WHERE {}", relation,
                          predicate.one_phase(phase, built.params));
  return built;
}

BuiltStatement select_aged(const std::string& relation, const Predicate& predicate) {
  BuiltStatement built;
  built.sql =
      fmt::format("SELECT 1 FROM ONLY {} AS x WHERE {}", relation, predicate.aged(built.params));
  return built;
}

BuiltStatement find_oldest(const std::string& relation, const Predicate& predicate,
                           bool of_tenant) {
  BuiltStatement built;
  const std::string rows = predicate.in_front(of_tenant, built.params);
  built.sql = fmt::format(
      "SELECT (SELECT x.{0} FROM ONLY {1} AS x WHERE {2} ORDER BY x.{0} LIMIT 1)::text AS oldest",
      predicate.column(0).quoted, relation, rows);
  return built;
}

}  // namespace lethe::db
