#include "common/db/target/unique_key.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"

namespace lethe::db {

namespace {

constexpr std::int64_t parts_wanted = 64;  // no plan has use for more

/// A unique index as the catalog has it.
struct Found {
  std::string name;
  std::vector<std::string> columns;
  double correlation = 0;
  std::string obstacle;
};

std::vector<std::string> columns_set(const Policy& policy) {
  std::vector<std::string> columns;
  for (const auto& [column, value] : policy.action.values) columns.push_back(column);
  return columns;
}

std::vector<Found> look_up_unique_keys(Transaction& transaction, std::uint32_t relation,
                                       const Policy& policy) {
  std::vector<Found> all;
  for (const auto& row : transaction.exec(queries::catalog_unique_keys,
                                          Params::of(relation, to_array(columns_set(policy))))) {
    Found found{.name = text(row, "name"),
                .columns = {},
                .correlation = maybe<double>(row, "correlation").value_or(0),
                .obstacle = text(row, "obstacle")};
    if (found.obstacle.empty())  // else an expression may stand among them, which has no name
      found.columns = nlohmann::json::parse(text(row, "columns")).get<std::vector<std::string>>();
    all.push_back(std::move(found));
  }
  return all;
}

/// Lets the server follow the key and do nothing else: it would sort a whole relation for a few
/// rows where its statistics are old.
constexpr const char* only_along_key =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = "
    "off; SET LOCAL enable_incremental_sort = off; SET LOCAL extra_float_digits = 1";
constexpr const char* as_it_likes =
    "SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; SET LOCAL enable_sort = on; "
    "SET LOCAL enable_incremental_sort = on";

/// The last row of a part that has as many rows as it should; empty when there are fewer.
KeyPoint last_of(Transaction& transaction, const std::string& relation, const UniqueKeyRange& range,
                 std::int64_t rows) {
  transaction.exec_text(only_along_key);
  const BuiltStatement built = last_by_key(relation, range, rows);
  const auto found = transaction.exec_built(built.sql, built.params);
  transaction.exec_text(as_it_likes);
  KeyPoint last;
  if (found.empty()) return last;
  for (const auto& value : found.at(0)) last.emplace_back(value.c_str(), value.size());
  return last;
}

}  // namespace

UniqueKeyFacts look_up_unique_key(Transaction& transaction, std::uint32_t relation,
                                  const std::string& name, const Policy& policy) {
  UniqueKeyFacts key;
  const std::vector<Found> all = look_up_unique_keys(transaction, relation, policy);
  const std::string cure =
      fmt::format("; give {} a primary key, or a unique index on columns that are NOT NULL", name);
  if (all.empty()) {
    key.obstacle = name + " has no unique key" + cure;
    return key;
  }
  const Found& best = all.front();
  if (!best.obstacle.empty()) {
    key.obstacle = fmt::format("unique index {} {}{}", best.name, best.obstacle, cure);
    return key;
  }
  key.columns = best.columns;
  key.correlation = best.correlation;
  for (const auto& row : transaction.exec(queries::catalog_unique_key_splits,
                                          Params::of(relation, best.columns.at(0), parts_wanted)))
    key.splits.push_back(text(row, "split"));
  return key;
}

SweptPart next_by_key(Transaction& transaction, const LockedTable& table, const Policy& policy,
                      const KeyVisit& visit) {
  const CleanWork& work = visit.work;
  const std::vector<Found> all = look_up_unique_keys(transaction, work.relation, policy);
  if (std::none_of(all.begin(), all.end(), [&](const Found& key) {
        return key.obstacle.empty() && key.columns == work.key;
      }))
    stop(TargetTrouble::Kind::changed,
         fmt::format("{} lost its unique key ({}) since it was planned; run the policy again",
                     table.name, fmt::join(work.key, ", ")));
  UniqueKeyRange range;
  for (const std::string& column : work.key) range.key.push_back(table.facts.columns.at(column));
  range.after = from_array(visit.cursor);
  if (range.after.empty() && !work.range_from.empty()) range.after = {work.range_from};
  if (!work.range_to.empty()) range.to = {work.range_to};
  KeyPoint last = last_of(transaction, table.name, range, visit.rows);
  if (last.empty()) return {.range = range, .cursor = visit.cursor, .finished = true};
  range.to = std::move(last);
  return {.range = range, .cursor = to_array(range.to), .finished = false};
}

}  // namespace lethe::db
