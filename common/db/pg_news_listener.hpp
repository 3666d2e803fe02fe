#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "common/control/control_store.hpp"

namespace lethe::db {

/// NewsListener by LISTEN, on a connection of its own that is never in a transaction. Behind a
/// connection pooler that shares connections it hears nothing, and nobody can tell.
class PgNewsListener final : public NewsListener {
 public:
  /// At most `news_max` are told one by one at a time; what comes beyond becomes three: tasks of an
  /// unknown target, a look for each worker, changed keys.
  PgNewsListener(std::string connection, std::string application_name,
                 std::size_t news_max = 1'000);
  ~PgNewsListener() override;

  std::vector<ControlNews> wait(std::chrono::milliseconds duration, int wake_fd) override;

 private:
  struct Connection;
  void connect();

  const std::string text_;
  const std::size_t news_max_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace lethe::db
