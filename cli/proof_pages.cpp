#include "cli/proof_pages.hpp"

#include <map>

namespace lethe::cli {
namespace {

constexpr std::int32_t page_rows = 5'000;
constexpr std::int32_t page_tasks = 1'000;
constexpr std::size_t asked_at_once = 1'000;

/// One pass over a target's ledger.
class LedgerPass {
 public:
  LedgerPass(ProofStore& store, TargetProof& proof, std::string target, std::string run)
      : store_(store), proof_(proof), target_(std::move(target)), run_(std::move(run)) {}

  LedgerCheck take() {
    std::string from;
    do from = take_range(from);
    while (!from.empty());
    take_silent_fences();
    take_runs();
    return std::move(check_);
  }

 private:
  /// Tasks after `from`. Returns the last one of them; "" when none follow.
  std::string take_range(const std::string& from) {
    // The control database first: what has ended by then does not change any more.
    auto heads = store_.ledger_heads(target_, {.after = from, .run = run_, .rows_max = page_tasks});
    const std::string until =
        heads.size() < static_cast<std::size_t>(page_tasks) ? "" : heads.back().task;
    check_.begin(std::move(heads));
    LinkRange range{.after_task = from,
                    .after_batch = 0,
                    .until_task = until,
                    .run = run_,
                    .rows_max = page_rows};
    if (!from.empty()) range.after_batch = INT64_MAX;
    for (;;) {
      const auto links = proof_.ledger_links(range);
      for (const auto& link : links) check_.add(link);
      if (links.size() < static_cast<std::size_t>(page_rows)) break;
      range.after_task = links.back().task;
      range.after_batch = links.back().batch;
    }
    ask_for(check_.end());
    return until;
  }

  void ask_for(const std::vector<std::string>& tasks) {
    for (std::size_t at = 0; at < tasks.size(); at += asked_at_once) {
      const auto first = tasks.begin() + static_cast<std::ptrdiff_t>(at);
      const auto last =
          tasks.begin() + static_cast<std::ptrdiff_t>(std::min(tasks.size(), at + asked_at_once));
      check_.add_unknown(store_.unknown_tasks(target_, {first, last}));
    }
  }

  void take_silent_fences() {
    ProofPage page{.after = "", .run = run_, .rows_max = page_tasks};
    for (;;) {
      const auto fences = proof_.fences_without_ledger(page);
      for (const auto& fence : fences) check_.add_silent_fence(fence);
      if (fences.size() < static_cast<std::size_t>(page_tasks)) return;
      page.after = fences.back().task;
    }
  }

  void take_runs() {
    ProofPage page{.after = "", .run = run_, .rows_max = page_tasks};
    for (;;) {
      const auto ended = store_.ended_runs(target_, page);
      std::vector<std::string> names;
      for (const auto& run : ended) names.push_back(run.run);
      std::map<std::string, RunSums> sums;
      for (const auto& sum : proof_.run_sums(names)) sums[sum.run] = sum;
      for (const auto& run : ended) check_.compare(run, sums[run.run]);
      if (ended.size() < static_cast<std::size_t>(page_tasks)) return;
      page.after = ended.back().run;
    }
  }

  ProofStore& store_;
  TargetProof& proof_;
  const std::string target_;
  const std::string run_;
  LedgerCheck check_;
};

}  // namespace

AuditCheck check_audit(ProofStore& store, std::vector<AuditHead> kept) {
  // The head first: entries that come while we look follow it.
  if (const auto head = store.audit_head()) kept.push_back(*head);
  AuditCheck check(std::move(kept));
  std::int64_t after = 0;
  for (;;) {
    const auto links = store.audit_links(after, page_rows);
    for (const auto& link : links) check.add(link);
    if (links.size() < static_cast<std::size_t>(page_rows)) break;
    after = links.back().id;
  }
  check.finish();
  check.compare(store.audit_head());
  return check;
}

LedgerCheck check_ledger(ProofStore& store, TargetProof& proof, const std::string& target,
                         const std::string& run) {
  return LedgerPass(store, proof, target, run).take();
}

}  // namespace lethe::cli
