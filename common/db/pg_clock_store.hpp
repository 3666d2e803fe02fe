#pragma once

#include "common/db/session.hpp"
#include "common/schedule/clock_watch.hpp"

namespace lethe::db {

/// ClockStore over libpqxx. `session` is borrowed; used only by the owning thread.
class PgClockStore final : public ClockStore {
 public:
  explicit PgClockStore(Session& session) : session_(session) {}

  ClockLook look() override;
  void saw(const ClockLook& look) override;
  void freeze(const std::string& reason) override;

 private:
  Session& session_;
};

}  // namespace lethe::db
