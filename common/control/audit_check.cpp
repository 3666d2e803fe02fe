#include "common/control/audit_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace lethe {

namespace {

using Kind = ProofFinding::Kind;

std::string entry_text(std::int64_t id) { return fmt::format("audit entry {}", id); }

std::string gap_text(std::int64_t from, std::int64_t to) {
  return from == to ? entry_text(from) : fmt::format("audit entries {} to {}", from, to);
}

}  // namespace

AuditCheck::AuditCheck(std::vector<AuditHead> known) : known_(std::move(known)) {
  std::sort(known_.begin(), known_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  std::erase_if(known_, [](const AuditHead& head) { return head.id == 0; });
}

void AuditCheck::add(const AuditLink& link) {
  ++entries_;
  if (link.id > last_.id + 1)
    findings_.add(Kind::missing, gap_text(last_.id + 1, link.id - 1), "not there");
  else if (link.prev_hash != last_.hash)
    findings_.add(Kind::reordered, entry_text(link.id),
                  fmt::format("it was not written after entry {} as that is now", last_.id));
  if (link.computed != link.hash)
    findings_.add(Kind::edited, entry_text(link.id), "its hash is not that of what it says");
  check_known(link);
  last_ = {.id = link.id, .hash = link.hash};
}

void AuditCheck::check_known(const AuditLink& link) {
  while (!known_.empty() && known_.front().id <= link.id) {
    const AuditHead head = known_.front();
    known_.erase(known_.begin());
    // One that was passed over is missing, and that was said already.
    if (head.id == link.id && head.hash != link.hash)
      findings_.add(Kind::edited, entry_text(link.id),
                    fmt::format("its hash was {} and is {}", head.hash, link.hash));
  }
}

void AuditCheck::finish() {
  if (known_.empty()) return;
  findings_.add(Kind::missing, gap_text(last_.id + 1, known_.back().id),
                fmt::format("the audit went on to entry {}", known_.back().id));
  known_.clear();
}

void AuditCheck::compare(const std::optional<AuditHead>& head) {
  if (!head)
    findings_.add(Kind::missing, "the row of lethe.audit_head",
                  "without it nobody can tell whether last entries are missing");
  else if (head->id < last_.id)
    findings_.add(Kind::inserted, gap_text(head->id + 1, last_.id),
                  fmt::format("the audit went on to entry {}", head->id));
}

std::optional<AuditHead> parse_audit_head(const std::string& text) {
  constexpr std::size_t hash_length = 64;
  AuditHead head;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, head.id);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != ':' || head.id < 1)
    return std::nullopt;
  head.hash.assign(read.ptr + 1, end);
  const bool is_hash = head.hash.size() == hash_length &&
                       head.hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_hash ? std::optional(head) : std::nullopt;
}

std::string to_text(const AuditHead& head) { return fmt::format("{}:{}", head.id, head.hash); }

}  // namespace lethe
