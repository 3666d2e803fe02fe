#pragma once

#include <memory>
#include <string>

#include "common/control/demo_data.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// DemoData by the SQL of common/db/demo, one connection. Ages count back from the moment at which
/// the tables were created.
class PgDemoData final : public DemoData {
 public:
  PgDemoData(const std::string& url, const std::string& application_name);

  void create_tables() override;
  void add_rows(const DemoSlice& slice) override;
  void analyze() override;

 private:
  Session session_;
  std::int64_t created_at_ = 0;  // microseconds since 1970
};

}  // namespace lethe::db
