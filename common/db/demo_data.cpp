#include "common/db/demo_data.hpp"

#include "common/db/demo_queries.gen.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/transact.hpp"

namespace lethe::db {

namespace {

constexpr std::chrono::milliseconds patience{300'000};  // a slice or an ANALYZE, on a slow disk

const Query& query_of(DemoTable table) {
  switch (table) {
    case DemoTable::executions: return demo_queries::executions;
    case DemoTable::events: return demo_queries::events;
    case DemoTable::idempotency_keys: break;
  }
  return demo_queries::idempotency_keys;
}

}  // namespace

PgDemoData::PgDemoData(const std::string& url, const std::string& application_name)
    : session_({.connection = url,
                .application_name = application_name,
                .statement_timeout = patience}) {}

void PgDemoData::create_tables() {
  created_at_ = transact(session_, "demo_create", [&](Transaction& transaction) {
    transaction.exec_text(std::string(demo_queries::create_tables.sql));
    return number(transaction.exec(queries::clock_now).at(0), "now");
  });
}

void PgDemoData::add_rows(const DemoSlice& slice) {
  transact(session_, "demo_add_rows", [&](Transaction& transaction) {
    transaction.exec(query_of(slice.table),
                     Params::of(slice.first, slice.last, slice.total, created_at_));
  });
}

void PgDemoData::analyze() {
  transact(session_, "demo_analyze", [&](Transaction& transaction) {
    transaction.exec_text(std::string(demo_queries::analyze.sql));
  });
}

}  // namespace lethe::db
