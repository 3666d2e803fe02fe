#pragma once

#include <memory>
#include <string>

#include "common/control/target_database.hpp"
#include "common/db/connection_string.hpp"
#include "common/db/pg_target_database.hpp"
#include "common/db/pg_target_proof.hpp"

namespace lethe::db {

/// TargetConnector over libpqxx.
class PgTargetConnector final : public TargetConnector {
 public:
  explicit PgTargetConnector(std::string application_name)
      : application_name_(std::move(application_name)) {}

  std::unique_ptr<TargetDatabase> connect(const std::string& url) override {
    return std::make_unique<PgTargetDatabase>(url, application_name_);
  }
  std::unique_ptr<TargetProof> connect_proof(const std::string& url) override {
    return std::make_unique<PgTargetProof>(url, application_name_);
  }
  void check_url(const std::string& url, const std::string& field) override {
    check_target_url(url, field);
  }

 private:
  std::string application_name_;
};

}  // namespace lethe::db
