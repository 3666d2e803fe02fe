#include "cli/named_target.hpp"

#include "cli/named_call.hpp"

namespace lethe::cli {

template <class Call>
auto NamedTarget::named(const Call& call) -> decltype(call()) {
  return call_named(name_, call);
}

bool NamedTarget::install() {
  return named([&] { return target_->install(); });
}

std::string NamedTarget::install_sql() {
  return named([&] { return target_->install_sql(); });
}

std::vector<Finding> NamedTarget::check() {
  std::vector<Finding> findings = named([&] { return target_->check(); });
  for (Finding& finding : findings) finding.cure = with_target_name(finding.cure, name_);
  return findings;
}

void NamedTarget::check_policy(const Policy& policy, const std::string& field) {
  named([&] { target_->check_policy(policy, field); });
}

Census NamedTarget::census(const Policy& policy) {
  return named([&] { return target_->census(policy); });
}

Explanation NamedTarget::explain(const Policy& policy) {
  return named([&] { return target_->explain(policy); });
}

void NamedTarget::set_gate(const std::string& policy, std::int64_t epoch, bool halted,
                           const std::string& reason) {
  named([&] { target_->set_gate(policy, epoch, halted, reason); });
}

void NamedTarget::close_gate(const std::string& policy, const std::string& reason) {
  named([&] { target_->close_gate(policy, reason); });
}

Standstill NamedTarget::await_standstill(const std::string& policy,
                                         std::chrono::milliseconds patience) {
  return named([&] { return target_->await_standstill(policy, patience); });
}

void NamedTarget::open_gate() {
  named([&] { target_->open_gate(); });
}

void NamedTarget::thaw(Freeze::Kind kind) {
  named([&] { target_->thaw(kind); });
}

LedgerTotals NamedTarget::ledger_totals(const std::string& run) {
  return named([&] { return target_->ledger_totals(run); });
}

std::vector<ParkedRow> NamedTarget::parked(const std::string& run, std::int32_t rows_max) {
  return named([&] { return target_->parked(run, rows_max); });
}

RunTraces NamedTarget::traces(const std::string& run) {
  return named([&] { return target_->traces(run); });
}

std::vector<QuarantinedTable> NamedTarget::quarantine(bool all) {
  return named([&] { return target_->quarantine(all); });
}

std::optional<QuarantinedTable> NamedTarget::quarantined(std::int64_t id) {
  return named([&] { return target_->quarantined(id); });
}

bool NamedTarget::purge(std::int64_t id, const std::string& actor) {
  return named([&] { return target_->purge(id, actor); });
}

void NamedTarget::restore(std::int64_t id, const std::string& actor) {
  named([&] { target_->restore(id, actor); });
}

std::int64_t NamedTarget::place_hold(const NewHold& hold, const std::string& actor) {
  return named([&] { return target_->place_hold(hold, actor); });
}

std::vector<Hold> NamedTarget::holds(bool all) {
  return named([&] { return target_->holds(all); });
}

std::optional<Hold> NamedTarget::hold(std::int64_t id) {
  return named([&] { return target_->hold(id); });
}

bool NamedTarget::release_hold(std::int64_t id, const std::string& reason,
                               const std::string& actor) {
  return named([&] { return target_->release_hold(id, reason, actor); });
}

std::vector<ArchivedRows> NamedTarget::archives(const ArchiveQuestion& question) {
  return named([&] { return target_->archives(question); });
}

std::vector<ArchiveProblem> NamedTarget::archive_problems(const ArchiveQuestion& question) {
  return named([&] { return target_->archive_problems(question); });
}

std::string NamedTarget::system_identifier() {
  return named([&] { return target_->system_identifier(); });
}

void NamedTarget::wait_for_batches() {
  named([&] { target_->wait_for_batches(); });
}

RestoredRows NamedTarget::restore_archive(const ArchivedRows& rows, ArchiveStore& store,
                                          const std::string& actor) {
  return named([&] { return target_->restore_archive(rows, store, actor); });
}

std::optional<std::int64_t> NamedTarget::prune_archive(const ArchivedRows& rows,
                                                       ArchiveStore& store,
                                                       const std::string& actor) {
  return named([&] { return target_->prune_archive(rows, store, actor); });
}

}  // namespace lethe::cli
