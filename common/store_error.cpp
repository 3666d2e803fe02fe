#include "common/store_error.hpp"

#include <fmt/format.h>

namespace lethe {

StoreError::StoreError(Failure failure, std::string transaction, std::string sqlstate,
                       std::string detail)
    : std::runtime_error(
          fmt::format("{} [{}] {}: {}", transaction, sqlstate, to_string(failure), detail)),
      failure_(failure),
      transaction_(std::move(transaction)),
      sqlstate_(std::move(sqlstate)),
      detail_(std::move(detail)) {}

const char* to_string(Failure failure) noexcept {
  switch (failure) {
    case Failure::retryable: return "retryable";
    case Failure::timed_out: return "timed_out";
    case Failure::locked: return "locked";
    case Failure::connection_lost: return "connection_lost";
    case Failure::commit_unknown: return "commit_unknown";
    case Failure::rejected: return "rejected";
  }
  return "unknown";
}

}  // namespace lethe
