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

constexpr std::string_view counted =
    "count(*) AS rows, pg_catalog.min(gone.ts)::text AS oldest, pg_catalog.max(gone.ts)::text AS "
    "newest";

}  // namespace

BuiltStatement sweep_delete(const std::string& relation, const Predicate& predicate,
                            const BlockRange& blocks) {
  BuiltStatement built;
  const std::string range = in_blocks(blocks, built.params);
  built.sql = fmt::format(
      "WITH gone AS (DELETE FROM ONLY {} AS x WHERE {} AND {} RETURNING {} AS ts) "
      "SELECT {} FROM gone",
      relation, range, predicate.all_phases(built.params), predicate.instant(), counted);
  return built;
}

BuiltStatement sweep_delete_skip_locked(const std::string& relation, const Predicate& predicate,
                                        const BlockRange& blocks) {
  BuiltStatement built;
  const std::string range = in_blocks(blocks, built.params);
  const std::string eligible = predicate.all_phases(built.params);
  built.sql = fmt::format(
      "WITH pick AS MATERIALIZED (SELECT x.ctid AS tid FROM ONLY {0} AS x WHERE {1} AND {2} "
      "FOR UPDATE SKIP LOCKED), "
      "gone AS (DELETE FROM ONLY {0} AS x WHERE x.ctid OPERATOR(pg_catalog.=) ANY (ARRAY (SELECT "
      "pick.tid FROM pick)) AND {2} RETURNING {3} AS ts) "
      "SELECT {4} FROM gone",
      relation, range, eligible, predicate.instant(), counted);
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
  built.sql = fmt::format(
      "WITH pick AS MATERIALIZED (SELECT x.ctid AS tid, x.{1} AS ts FROM ONLY {0} AS x WHERE "
      "{2}{3} "
      "ORDER BY x.{1} LIMIT {4}::bigint FOR UPDATE SKIP LOCKED), "
      "gone AS (DELETE FROM ONLY {0} AS x WHERE x.ctid OPERATOR(pg_catalog.=) ANY (ARRAY (SELECT "
      "pick.tid FROM pick)) AND {2} RETURNING {5} AS ts) "
      "SELECT (SELECT count(*) FROM pick) AS picked, (SELECT pick.ts::text FROM pick ORDER BY "
      "pick.ts DESC LIMIT 1) AS cursor, {6} FROM gone",
      relation, time.quoted, eligible, from, built.params.bind(rows_max), predicate.instant(),
      counted);
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
