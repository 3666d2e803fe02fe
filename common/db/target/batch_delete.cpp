#include "common/db/target/batch_delete.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/db/target/time_column.hpp"

namespace lethe::db {

namespace {

/// As `in_blocks`, for blocks that are listed. A page has room for so many line pointers, and any
/// of them may be in use. OFFSET 0 keeps the halves of an address from being made anew for each
/// one.
std::string at_addresses(const BlockRange& blocks, Params& params) {
  return fmt::format(
      "x.ctid OPERATOR(pg_catalog.=) ANY (ARRAY (SELECT (b.head OPERATOR(pg_catalog.||) "
      "r.tail)::tid FROM (SELECT pg_catalog.concat('(', n.block, ',') AS head FROM "
      "pg_catalog.generate_series({}::bigint, {}::bigint) AS n (block) OFFSET 0) AS b CROSS JOIN "
      "(SELECT pg_catalog.concat(n.place, ')') AS tail FROM pg_catalog.generate_series(1, "
      "(pg_catalog.current_setting('block_size')::integer OPERATOR(pg_catalog.-) 24) "
      "OPERATOR(pg_catalog./) 28) AS n (place) OFFSET 0) AS r))",
      params.bind(blocks.from), params.bind(blocks.to - 1));
}

std::string in_blocks(const BlockRange& blocks, Params& params) {
  if (blocks.listed) return at_addresses(blocks, params);
  return fmt::format(
      "x.ctid OPERATOR(pg_catalog.>=) {}::tid AND x.ctid OPERATOR(pg_catalog.<) {}::tid",
      params.bind(fmt::format("({},0)", blocks.from)),
      params.bind(fmt::format("({},0)", blocks.to)));
}

std::string comma_list(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// The columns of a key from number `first` on stand in relation `op` to a place.
std::string compare_key(const UniqueKeyRange& range, const KeyPoint& point, std::size_t first,
                        std::string_view op, Params& params) {
  std::vector<std::string> columns;
  std::vector<std::string> values;
  for (std::size_t i = first; i < point.size(); ++i) {
    columns.push_back("x." + range.key.at(i).quoted);
    values.push_back(fmt::format("{}::{}", params.bind(point[i]), range.key.at(i).type));
  }
  if (values.empty()) return "true";
  return fmt::format("ROW({}) OPERATOR(pg_catalog.{}) ROW({})", comma_list(columns), op,
                     comma_list(values));
}

/// What both ends begin with is written as equality: of two comparisons of rows the server's
/// planner minds the first columns alone, and would expect far too many rows between them.
std::string in_unique_key(const UniqueKeyRange& range, Params& params) {
  std::string text;
  std::size_t same = 0;
  for (; same + 1 < range.after.size() && same < range.to.size(); ++same) {
    if (range.after[same] != range.to[same]) break;
    text += fmt::format("x.{} OPERATOR(pg_catalog.=) {}::{} AND ", range.key.at(same).quoted,
                        params.bind(range.to[same]), range.key.at(same).type);
  }
  text += compare_key(range, range.after, same, ">", params);
  return fmt::format("{} AND {}", text, compare_key(range, range.to, same, "<=", params));
}

std::string in_range(const SweptRange& range, Params& params) {
  if (const auto* blocks = std::get_if<BlockRange>(&range)) return in_blocks(*blocks, params);
  return in_unique_key(std::get<UniqueKeyRange>(range), params);
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

/// Rows to delete or change, those for which `which` holds. Borrowed.
struct Taking {
  const std::string& relation;
  const Predicate& predicate;
  const RowCopies* copies;
};

/// Changes rows and has their old values beside the new ones. They are locked before they are read,
/// so that what is copied is what is changed: a row that another transaction renewed while this
/// statement waited for it has another address than those which its UPDATE looks at, and stays.
std::string changed_with_copies(const Taking& taking, const std::string& which, Params& params) {
  const std::string values = taking.predicate.assignments(params);
  return fmt::format(
      "before AS MATERIALIZED (SELECT x.ctid AS tid{0} FROM ONLY {1} AS x WHERE {2} FOR UPDATE), "
      "changed AS (UPDATE ONLY {1} AS x SET {3} FROM before AS b WHERE x.ctid "
      "OPERATOR(pg_catalog.=) b.tid AND {2} RETURNING {4} AS ts, {5} AS done{6}), "
      "gone AS (SELECT c.ts FROM changed c WHERE c.done){7}",
      taking.copies->taken_from("x"), taking.relation, which, values, taking.predicate.instant(),
      taking.predicate.done(params), taking.copies->passed_on("b"),
      taking.copies->stored_from("changed", params));
}

/// The CTE `gone`: deletes the rows for which `which` holds, or changes them, and has the times of
/// those to which that happened. A row counts as changed when it came out with the new values,
/// whatever a trigger made of them.
std::string gone(const Taking& taking, const std::string& which, Params& params) {
  const auto& [relation, predicate, copies] = taking;
  if (predicate.sets() && copies != nullptr) return changed_with_copies(taking, which, params);
  if (!predicate.sets())
    return fmt::format("gone AS (DELETE FROM ONLY {} AS x WHERE {} RETURNING {} AS ts{}){}",
                       relation, which, predicate.instant(),
                       copies == nullptr ? "" : copies->taken_from("x"),
                       copies == nullptr ? "" : copies->stored_from("gone", params));
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

/// What is returned of the CTE `gone`.
std::string counted(const Taking& taking, Params& params) {
  std::string text =
      "count(*) AS rows, pg_catalog.min(gone.ts)::text AS oldest, pg_catalog.max(gone.ts)::text AS "
      "newest";
  if (taking.copies == nullptr) return text;
  return text + taking.copies->answer(taking.predicate.sets() ? "changed" : "gone", params);
}

}  // namespace

BuiltStatement sweep_delete(const std::string& relation, const Predicate& predicate,
                            const SweptRange& range, const RowCopies* copies) {
  BuiltStatement built;
  const Taking taking{relation, predicate, copies};
  const std::string place = in_range(range, built.params);
  const std::string which = fmt::format("{} AND {}", place, predicate.all_phases(built.params));
  built.sql = fmt::format("WITH {} SELECT {} FROM gone", gone(taking, which, built.params),
                          counted(taking, built.params));
  return built;
}

BuiltStatement sweep_delete_found(const std::string& relation, const Predicate& predicate,
                                  const BlockRange& blocks) {
  BuiltStatement built;
  const std::string range = in_blocks(blocks, built.params);
  const std::string which = fmt::format("{} AND {}", range, predicate.all_phases(built.params));
  // Reads nothing of the outer row: the server asks it once, before the first.
  built.sql = fmt::format(
      "DELETE FROM ONLY {0} AS x WHERE {1} AND (SELECT pg_catalog.set_config('lethe.found', "
      "coalesce(pg_catalog.min({2})::text OPERATOR(pg_catalog.||) '|' OPERATOR(pg_catalog.||) "
      "pg_catalog.max({2})::text, ''), true) FROM ONLY {0} AS x WHERE {1}) "
      "OPERATOR(pg_catalog.<>) ''",
      relation, which, predicate.instant());
  return built;
}

BuiltStatement sweep_delete_skip_locked(const std::string& relation, const Predicate& predicate,
                                        const SweptRange& range, const RowCopies* copies) {
  BuiltStatement built;
  const Taking taking{relation, predicate, copies};
  const std::string place = in_range(range, built.params);
  const std::string eligible = predicate.all_phases(built.params);
  built.sql = fmt::format(
      "WITH pick AS MATERIALIZED (SELECT x.ctid AS tid FROM ONLY {0} AS x WHERE {1} AND {2} "
      "FOR UPDATE SKIP LOCKED), {3} SELECT {4} FROM gone",
      relation, place, eligible, gone(taking, picked(eligible), built.params),
      counted(taking, built.params));
  return built;
}

std::string tenants_taken(const std::string& relation, const Predicate& predicate,
                          const SweptRange& range, const ColumnFacts& tenant, Params& params) {
  const std::string place = in_range(range, params);
  const std::string name = tenant_sql(tenant);
  return fmt::format(
      "SELECT DISTINCT ON ({0}) x.{1}::{2} AS value, {0} AS tenant FROM ONLY {3} AS x WHERE {4} "
      "AND {5} ORDER BY {0}",
      name, tenant.quoted, tenant.type, relation, place, predicate.all_phases(params));
}

BuiltStatement last_by_key(const std::string& relation, const UniqueKeyRange& range,
                           std::int64_t rows) {
  BuiltStatement built;
  std::vector<std::string> columns;
  std::vector<std::string> order;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < range.key.size(); ++i) {
    order.push_back("x." + range.key[i].quoted);
    columns.push_back(fmt::format("{} AS c{}", order.back(), i));
    texts.push_back(fmt::format("pg_catalog.format('%s', k.c{})", i));
  }
  const std::string place = in_unique_key(range, built.params);
  // As text outside, else every row that is passed over would be printed as well.
  built.sql = fmt::format(
      "SELECT {} FROM (SELECT {} FROM ONLY {} AS x WHERE {} ORDER BY {} OFFSET {}::bigint LIMIT 1) "
      "AS k",
      comma_list(texts), comma_list(columns), relation, place, comma_list(order),
      built.params.bind(rows - 1));
  return built;
}

BuiltStatement index_delete(const std::string& relation, const Predicate& predicate,
                            const IndexPick& pick, const RowCopies* copies) {
  BuiltStatement built;
  const Taking taking{relation, predicate, copies};
  const KeyRange& range = pick.range;
  const ColumnFacts& time = predicate.column(range.phase);
  const std::string eligible =
      predicate.one_phase(range.phase, built.params) + in_keys(time, range, built.params);
  const std::string from =
      in_keys(time, {.phase = range.phase, .from = pick.cursor, .to = ""}, built.params);
  const std::string limit = built.params.bind(pick.rows_max);
  built.sql = fmt::format(
      "WITH pick AS MATERIALIZED (SELECT x.ctid AS tid, x.{1} AS ts FROM ONLY {0} AS x WHERE "
      "{2}{3} ORDER BY x.{1} LIMIT {4}::bigint{7}), {5} "
      "SELECT (SELECT count(*) FROM pick) AS picked, (SELECT pick.ts::text FROM pick ORDER BY "
      "pick.ts DESC LIMIT 1) AS cursor, {6} FROM gone",
      relation, time.quoted, eligible, from, limit, gone(taking, picked(eligible), built.params),
      counted(taking, built.params), pick.skip_locked ? " FOR UPDATE SKIP LOCKED" : "");
  return built;
}

BuiltStatement pick_swept(const std::string& relation, const Predicate& predicate,
                          const SweptRange& range, const RowPick& pick) {
  BuiltStatement built;
  const std::string place = in_range(range, built.params);
  built.sql = fmt::format(
      "SELECT x.ctid::text AS tid, x.xmin::text AS row_xmin, {} AS key, '' AS cursor FROM ONLY {} "
      "AS x WHERE {} AND {} ORDER BY {}{}",
      pick.key, relation, place, predicate.all_phases(built.params), predicate.instant(),
      pick.locked ? " FOR UPDATE SKIP LOCKED" : "");
  return built;
}

BuiltStatement pick_in_keys(const std::string& relation, const Predicate& predicate,
                            const KeyRange& range, const RowPick& pick, std::int64_t rows_max) {
  BuiltStatement built;
  const ColumnFacts& time = predicate.column(range.phase);
  const std::string eligible =
      predicate.one_phase(range.phase, built.params) + in_keys(time, range, built.params);
  built.sql = fmt::format(
      "SELECT x.ctid::text AS tid, x.xmin::text AS row_xmin, {} AS key, x.{}::text AS cursor FROM "
      "ONLY {} AS x WHERE {} ORDER BY x.{} LIMIT {}::bigint{}",
      pick.key, time.quoted, relation, eligible, time.quoted, built.params.bind(rows_max),
      pick.locked ? " FOR UPDATE SKIP LOCKED" : "");
  return built;
}

BuiltStatement lock_one(const std::string& relation, const Predicate& predicate,
                        const std::string& tid) {
  BuiltStatement built;
  const std::string row =
      fmt::format("x.ctid OPERATOR(pg_catalog.=) {}::tid", built.params.bind(tid));
  built.sql = fmt::format("SELECT 1 AS found FROM ONLY {} AS x WHERE {} AND {} FOR UPDATE",
                          relation, row, predicate.all_phases(built.params));
  return built;
}

BuiltStatement delete_picked(const std::string& relation, const Predicate& predicate,
                             const std::vector<std::string>& tids, const RowCopies* copies) {
  BuiltStatement built;
  const Taking taking{relation, predicate, copies};
  const std::string rows = fmt::format("x.ctid OPERATOR(pg_catalog.=) ANY ({}::tid[])",
                                       built.params.bind(to_array(tids)));
  const std::string which = fmt::format("{} AND {}", rows, predicate.all_phases(built.params));
  built.sql = fmt::format("WITH {} SELECT {} FROM gone", gone(taking, which, built.params),
                          counted(taking, built.params));
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

BuiltStatement last_block_with_row(const std::string& relation, const BlockRange& blocks) {
  BuiltStatement built;
  const std::string range = in_blocks(blocks, built.params);
  built.sql = fmt::format(
      "SELECT pg_catalog.split_part(pg_catalog.ltrim(pg_catalog.max(x.ctid)::text, '('), ',', "
      "1)::bigint AS block FROM ONLY {} AS x WHERE {}",
      relation, range);
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
