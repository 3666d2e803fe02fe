#include "common/tasks/known_database.hpp"

#include <fmt/format.h>

namespace lethe {

namespace {

using std::chrono::microseconds;

microseconds since(std::chrono::steady_clock::time_point from,
                   std::chrono::steady_clock::time_point to) {
  return std::chrono::duration_cast<microseconds>(to - from);
}

std::string skew_text(microseconds skew, const char* direction, std::chrono::seconds limit) {
  return fmt::format(
      "its clock is {} s {} the control database's, and {} s are allowed (clock_skew_seconds of "
      "the "
      "target); set the clocks right, then run the policy again",
      std::chrono::duration_cast<std::chrono::seconds>(skew).count(), direction, limit.count());
}

}  // namespace

std::string database_problem(const KnownDatabase& known, const SeenDatabase& seen) {
  const DatabaseIdentity& before = known.identity;
  const DatabaseIdentity& now = seen.identity;
  if (before.system_identifier.empty()) return "";
  if (now.system_identifier != before.system_identifier)
    return fmt::format(
        "it is on another cluster (system identifier {}, before {}): a restored dump, or another "
        "server at the same address",
        now.system_identifier, before.system_identifier);
  if (now.database != before.database)
    return fmt::format(
        "it is another database of the same cluster (oid {}, before {}): a restored dump or a copy",
        now.database, before.database);
  if (!seen.has_ledger)
    return fmt::format(
        "its ledger lacks row {}, which was committed: an older backup, a copy that was made "
        "before, or a standby that was behind when it took over",
        known.ledger.id);
  if (!seen.has_task)
    return fmt::format(
        "it does not know task {}, which was worked on in it: an older backup, a copy that was "
        "made "
        "before, or a standby that was behind when it took over",
        known.task);
  const bool took_over = now.timeline > before.timeline && known.survives_failover;
  if (now.timeline != before.timeline && !took_over)
    return fmt::format(
        "its server is on timeline {}, before on {}: a standby took over, or a backup was restored",
        now.timeline, before.timeline);
  return "";
}

std::string clock_problem(const ClockReading& control, const TargetClock& target,
                          std::chrono::seconds limit) {
  if (control.us == 0) return "";
  const microseconds apart{target.us - control.us};
  // Each clock was read somewhere between question and answer: what is left is certain.
  const microseconds ahead = apart - since(control.asked, target.answered);
  const microseconds behind = since(control.answered, target.asked) - apart;
  if (ahead > limit) return skew_text(ahead, "ahead of", limit);
  if (behind > limit) return skew_text(behind, "behind", limit);
  return "";
}

}  // namespace lethe
