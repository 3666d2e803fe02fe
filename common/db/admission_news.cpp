#include "common/db/admission_news.hpp"

#include <nlohmann/json.hpp>

#include "common/db/queries.gen.hpp"

namespace lethe::db {

namespace {

/// True when the circuit opened. The target's admitted tasks step back then, so that they take no
/// slots of workers.
bool move_circuit(Transaction& transaction, const std::string& target, const TargetNews& news) {
  if (!news.down) {
    if (news.up) transaction.exec(queries::circuits_close, Params::of(target));
    return false;
  }
  const auto rows =
      transaction.exec(queries::circuits_fail, Params::of(target, storable(*news.down)));
  if (rows.empty() || !flag(rows.at(0), "open")) return false;
  transaction.exec(queries::circuits_withdraw, Params::of(target));
  return true;
}

void charge(Transaction& transaction, const std::string& target, const TargetNews& news) {
  if (news.rows == 0) return;
  auto list = nlohmann::json::array();
  for (const auto& [policy, rows] : news.rows_of_policies)
    list.push_back({{"policy", policy}, {"rows", rows}});
  transaction.exec(queries::paces_charge, Params::of(target, news.rows, list.dump()));
}

void deliver_to(Transaction& transaction, const std::string& target, const TargetNews& news,
                IdMaker& ids) {
  const bool opened = move_circuit(transaction, target, news);
  Touches touches;
  for (const auto& [tenant, change] : news.tenants) touches.add(target, tenant, change);
  for (const auto& run : news.runs_over) advance_run(transaction, run, ids, touches);
  touch(transaction, touches);
  charge(transaction, target, news);
  if (news.ledger.id > 0)
    transaction.exec(queries::target_databases_move_ledger,
                     Params::of(target, news.ledger.id, news.ledger.hash));
  const bool froze =
      !news.freeze.empty() && freeze(transaction, {PauseScope::target, target}, news.freeze);
  if (opened || froze) recount(transaction, {target});
}

}  // namespace

TargetNews& AdmissionNews::of(const std::string& target) { return targets_[target]; }

std::int64_t AdmissionNews::freed() const {
  std::int64_t sum = 0;
  for (const auto& [name, news] : targets_)
    for (const auto& [tenant, change] : news.tenants) sum += change.freed;
  return sum;
}

std::vector<std::string> AdmissionNews::target_names() const {
  std::vector<std::string> names;
  for (const auto& [name, news] : targets_) names.push_back(name);
  return names;
}

void AdmissionNews::merge(const AdmissionNews& from) {
  for (const auto& [target, news] : from.targets_) {
    TargetNews& into = targets_[target];
    for (const auto& [tenant, change] : news.tenants) into.tenants[tenant] += change;
    into.runs_over.insert(news.runs_over.begin(), news.runs_over.end());
    // The last word counts: whoever reached the target knows better than who did not before.
    if (news.down || news.up) into.down = news.down;
    into.up = into.up || news.up;
    into.rows += news.rows;
    if (!news.freeze.empty()) into.freeze = news.freeze;
    if (news.ledger.id > into.ledger.id) into.ledger = news.ledger;
    for (const auto& [policy, rows] : news.rows_of_policies) into.rows_of_policies[policy] += rows;
  }
}

void AdmissionNews::forget(const std::vector<std::string>& targets) {
  for (const auto& target : targets) targets_.erase(target);
}

Delivery deliver(Transaction& transaction, const AdmissionNews& news,
                 const std::vector<std::string>& also, IdMaker& ids, Patience patience) {
  std::vector<std::string> targets = news.target_names();
  targets.insert(targets.end(), also.begin(), also.end());
  if (patience == Patience::wait) {
    lock_slots(transaction, targets);
  } else {
    targets = try_lock_slots(transaction, targets);
  }
  for (const auto& target : targets) {
    const auto one = news.targets().find(target);
    if (one != news.targets().end()) deliver_to(transaction, target, one->second, ids);
  }
  auto admitted = admit(transaction, targets);
  return {.targets = std::move(targets), .admitted = std::move(admitted)};
}

}  // namespace lethe::db
