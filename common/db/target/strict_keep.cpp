#include "common/db/target/strict_keep.hpp"

#include <fmt/format.h>

#include "common/db/target/catalog.hpp"
#include "common/db/target/tenant_cutoffs.hpp"

namespace lethe::db {

TableFacts lock_strictly(Transaction& transaction, const RunContext& run) {
  const std::string field = run.policy.empty() ? "ad hoc" : "policy " + run.policy;
  const TableFacts before = look_up_table(transaction, run.spec, field);
  transaction.exec_built(fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", before.name));
  TableFacts table = look_up_table(transaction, run.spec, field);
  if (table.oid != before.oid)
    stop(TargetTrouble::Kind::changed,
         fmt::format("{} was replaced by another table", before.name));
  return table;
}

std::string strict_boundary(Transaction& transaction, const Policy& policy, const TableFacts& table,
                            const std::string& planned) {
  BuiltStatement built = table_boundary(policy, table);
  const std::string plan = built.params.bind(planned.empty() ? "infinity" : planned);
  built.sql = fmt::format(
      "SELECT least(b.boundary::timestamptz, {}::timestamptz)::text AS boundary FROM ({}) AS b",
      plan, built.sql);
  return text(transaction.exec_built(built.sql, built.params).at(0), "boundary");
}

std::string strict_cutoffs(Transaction& transaction, const StrictBatch& batch) {
  const OwnCutoffs own{
      .policy = batch.run.spec, .overrides = batch.run.overrides, .table = batch.table};
  BuiltStatement built;
  const ColumnFacts& tenant = batch.table.columns.at(batch.run.spec.tenant->column);
  const std::string taken =
      tenants_taken(batch.relation, batch.predicate, batch.range, tenant, built.params);
  built.sql = own.newest_of(taken, built.params);
  return text(transaction.exec_built(built.sql, built.params).at(0), "newest");
}

}  // namespace lethe::db
