#pragma once

#include <stdexcept>
#include <string>

namespace lethe {

/// What the caller may do about a failure of a store. Sorted by action, not by cause.
enum class Failure {
  retryable,        ///< rolled back; the same call may be made again
  timed_out,        ///< rolled back by a timeout or a cancel; ask for less work
  locked,           ///< rolled back: a lock was not to be had in time
  connection_lost,  ///< rolled back or never sent; the next call opens a new session
  commit_unknown,   ///< the connection broke during COMMIT; read the row before deciding
  rejected,  ///< the database said no for good (rights, missing table, bad value, constraint)
};

[[nodiscard]] const char* to_string(Failure failure) noexcept;

/// The only exception that a store throws.
class StoreError : public std::runtime_error {
 public:
  StoreError(Failure failure, std::string transaction, std::string sqlstate, std::string detail);

  [[nodiscard]] Failure failure() const noexcept { return failure_; }
  [[nodiscard]] const std::string& transaction() const noexcept { return transaction_; }
  [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }  ///< may be ""
  /// The server's own message, one line, without our decoration.
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }

 private:
  Failure failure_;
  std::string transaction_;
  std::string sqlstate_;
  std::string detail_;
};

}  // namespace lethe
