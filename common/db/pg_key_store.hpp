#pragma once

#include <set>
#include <string>

#include "common/control/control_store.hpp"
#include "common/db/session.hpp"

namespace lethe::db {

/// KeyStore in the control database.
class PgKeyStore final : public KeyStore {
 public:
  /// `session` is borrowed and must outlive the store.
  explicit PgKeyStore(Session& session) : session_(session) {}

  std::vector<KeyRow> list() override;
  void allow(const AllowedKey& key, const std::string& actor) override;
  bool revoke(const std::string& name, const std::string& actor) override;

 private:
  Session& session_;
  std::set<std::string> skipped_;  // keys that were logged as of an unknown role
};

}  // namespace lethe::db
