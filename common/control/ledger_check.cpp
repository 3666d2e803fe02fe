#include "common/control/ledger_check.hpp"

#include <fmt/format.h>

namespace lethe {

namespace {

using Kind = ProofFinding::Kind;

std::string task_text(const LedgerLink& link) {
  return fmt::format("task {} of run {}", link.task, link.run);
}

std::string batch_text(const LedgerLink& link) {
  return fmt::format("batch {} of task {} of run {}", link.batch, link.task, link.run);
}

std::string gap_text(std::int64_t from, std::int64_t to) {
  return from == to ? fmt::format("batch {} is not there", from)
                    : fmt::format("batches {} to {} are not there", from, to);
}

}  // namespace

void LedgerCheck::begin(std::vector<LedgerHead> heads) {
  for (auto& head : heads) {
    std::string task = head.task;
    heads_.insert_or_assign(std::move(task), std::move(head));
  }
}

void LedgerCheck::add(const LedgerLink& link) {
  const bool continues = last_ && last_->task == link.task;
  if (!continues) end_chain();
  const std::int64_t before = continues ? last_->batch : 0;
  if (link.batch > before + 1)
    findings_.add(Kind::missing, task_text(link), gap_text(before + 1, link.batch - 1));
  else if (link.prev_hash != (continues ? last_->hash : ""))
    findings_.add(Kind::reordered, batch_text(link),
                  "it was not written after the batch before it as that is now");
  else if (continues && link.id <= last_->id)
    findings_.add(Kind::reordered, batch_text(link), "its number in the ledger is out of order");
  if (link.computed != link.hash)
    findings_.add(Kind::edited, batch_text(link), "its hash is not that of what it says");
  ++batches_;
  rows_ += link.rows;
  chain_rows_ = (continues ? chain_rows_ : 0) + link.rows;
  last_ = link;
}

void LedgerCheck::end_chain() {
  if (!last_) return;
  ++tasks_;
  if (last_->fence) check_fence(*last_->fence);
  if (const auto head = heads_.find(last_->task); head != heads_.end()) {
    check_head(head->second);
    heads_.erase(head);
  } else {
    without_head_.push_back(last_->task);
  }
  last_.reset();
}

void LedgerCheck::check_fence(const ChainEnd& fence) {
  if (fence.batches > last_->batch)
    findings_.add(Kind::missing, task_text(*last_),
                  gap_text(last_->batch + 1, fence.batches) + ", by its fence");
  else if (fence.batches < last_->batch)
    findings_.add(Kind::inserted, task_text(*last_),
                  fmt::format("its fence knows of {} batches and the ledger has {}", fence.batches,
                              last_->batch));
  else if (fence.hash != last_->hash)
    findings_.add(Kind::edited, batch_text(*last_), "it is not the one that its fence knows");
  else if (fence.rows != chain_rows_)
    findings_.add(
        Kind::edited, task_text(*last_),
        fmt::format("its fence counts {} rows and the ledger {}", fence.rows, chain_rows_));
}

void LedgerCheck::check_head(const LedgerHead& head) {
  if (head.batches > last_->batch)
    return findings_.add(Kind::missing, task_text(*last_),
                         gap_text(last_->batch + 1, head.batches) + ", by the control database");
  if (!head.hash) {
    if (head.batches < last_->batch)
      findings_.add(Kind::note, task_text(*last_),
                    fmt::format("the control database heard of {} of its {} batches: its worker "
                                "died before it could tell",
                                head.batches, last_->batch));
    return;
  }
  if (head.batches < last_->batch)
    findings_.add(Kind::inserted, task_text(*last_),
                  fmt::format("the control database knows of {} batches and the ledger has {}",
                              head.batches, last_->batch));
  else if (*head.hash != last_->hash)
    findings_.add(Kind::edited, batch_text(*last_),
                  "it is not the one that the control database knows");
  else if (head.rows != chain_rows_)
    findings_.add(Kind::edited, task_text(*last_),
                  fmt::format("the control database counts {} rows and the ledger {}", head.rows,
                              chain_rows_));
}

std::vector<std::string> LedgerCheck::end() {
  end_chain();
  for (const auto& [task, head] : heads_)
    if (head.batches > 0)
      findings_.add(
          Kind::missing, fmt::format("task {} of run {}", task, head.run),
          fmt::format("none of its {} batches is there, by the control database", head.batches));
  heads_.clear();
  return std::exchange(without_head_, {});
}

void LedgerCheck::add_unknown(const std::vector<std::string>& tasks) {
  for (const auto& task : tasks)
    findings_.add(Kind::inserted, "task " + task, "the control database has never heard of it");
}

void LedgerCheck::add_silent_fence(const LedgerHead& fence) {
  findings_.add(Kind::missing, fmt::format("task {} of run {}", fence.task, fence.run),
                fmt::format("none of its {} batches is there, by its fence", fence.batches));
}

void LedgerCheck::compare(const RunSums& control, const RunSums& ledger) {
  ++runs_;
  if (ledger.batches >= control.batches && ledger.rows >= control.rows) return;
  findings_.add(Kind::missing, "run " + control.run,
                fmt::format("the ledger has {} batches with {} rows, the control database counted "
                            "{} with {}",
                            ledger.batches, ledger.rows, control.batches, control.rows));
}

}  // namespace lethe
