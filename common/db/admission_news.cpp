#include "common/db/admission_news.hpp"

#include "common/db/queries.gen.hpp"

namespace lethe::db {

namespace {

/// The targets whose circuit opened. Their admitted tasks step back, so that they take no slots.
std::vector<std::string> move_circuits(Transaction& transaction, const AdmissionNews& news) {
  std::vector<std::string> opened;
  for (const auto& [target, error] : news.down) {
    const auto rows = transaction.exec(queries::circuits_fail, Params::of(target, storable(error)));
    if (rows.empty() || !flag(rows.at(0), "open")) continue;
    transaction.exec(queries::circuits_withdraw, Params::of(target));
    opened.push_back(target);
  }
  for (const auto& target : news.up)
    if (news.down.count(target) == 0)
      transaction.exec(queries::circuits_close, Params::of(target));
  return opened;
}

}  // namespace

void deliver(Transaction& transaction, const AdmissionNews& news,
             const std::vector<std::string>& also, IdMaker& ids) {
  std::vector<std::string> targets = news.touches.target_names();
  targets.insert(targets.end(), also.begin(), also.end());
  lock_slots(transaction, targets);
  const auto opened = move_circuits(transaction, news);
  Touches touches = news.touches;
  for (const auto& run : news.runs_over) advance_run(transaction, run, ids, touches);
  touch(transaction, touches);
  recount(transaction, opened);
  admit(transaction, targets);
}

}  // namespace lethe::db
