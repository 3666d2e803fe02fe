#include "cli/records.hpp"

namespace lethe::cli {

Record audit_record(const AuditRow& row) {
  return {{"id", row.id},         {"at", row.at, Show::instant}, {"actor", row.actor},
          {"action", row.action}, {"object", row.object},        {"detail", or_null(row.detail)},
          {"hash", row.hash}};
}

Record ledger_record(const LedgerRow& row) {
  return {{"id", row.id},
          {"at", row.at, Show::instant},
          {"run", row.run},
          {"policy", or_null(row.policy)},
          {"relation", row.relation},
          {"task", row.task},
          {"epoch", row.epoch},
          {"batch", row.batch},
          {"method", row.method},
          {"rows", row.rows, Show::count},
          {"estimated", row.estimated},
          {"oldest", or_null(row.oldest)},
          {"newest", or_null(row.newest)},
          {"cutoff", or_null(row.cutoff), Show::instant},
          {"bounds", or_null(row.bounds)},
          {"cascaded", row.cascaded.empty() ? Value{} : Value{JsonText{row.cascaded}}},
          {"bytes", or_null(row.bytes), Show::bytes},
          {"policy_hash", row.policy_hash},
          {"xid", row.xid},
          {"system_identifier", row.system_identifier},
          {"timeline", row.timeline},
          {"hash", row.hash}};
}

}  // namespace lethe::cli
