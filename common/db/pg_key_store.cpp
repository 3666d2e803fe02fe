#include "common/db/pg_key_store.hpp"

#include <fmt/format.h>

#include <optional>

#include "common/db/queries.gen.hpp"
#include "common/db/queue_steps.hpp"
#include "common/logging.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

std::optional<KeyRole> key_role(const std::string& name) {
  for (const KeyRole role : {KeyRole::worker, KeyRole::operator_of, KeyRole::viewer})
    if (name == to_string(role)) return role;
  return std::nullopt;
}

}  // namespace

std::vector<KeyRow> PgKeyStore::list() {
  std::vector<KeyRow> keys;
  for (const auto& row : run_once(session_, "control_keys_list", queries::control_keys_list,
                                  Params(), Effect::reads)) {
    const std::string name = text(row, "name");
    const auto role = key_role(text(row, "role"));
    if (role)
      keys.push_back({.key = {.name = name, .public_key = text(row, "public_key"), .role = *role},
                      .allowed_by = text(row, "allowed_by"),
                      .allowed_at = text(row, "allowed_at")});
    else if (skipped_.insert(name).second)  // of a newer version: it opens no door of this one
      log_event(LogLevel::warn, "key_skipped", {{"key", name}, {"role", text(row, "role")}});
  }
  return keys;
}

void PgKeyStore::allow(const AllowedKey& key, const std::string& actor) {
  transact(session_, "control_keys_allow", [&](Transaction& transaction) {
    const auto added =
        transaction.exec(queries::control_keys_insert,
                         Params::of(key.name, key.public_key, to_string(key.role), actor));
    if (added.affected_rows() == 0)
      throw UserError(ExitCode::refused,
                      fmt::format("the name '{}' or this public key is allowed already; see lethe "
                                  "keys list, and first lethe keys revoke it to change it",
                                  key.name));
    tell(transaction, "keys");
    audit(transaction, actor, "key.allow", key.name,
          fmt::format("{} {}", to_string(key.role), key.public_key));
  });
}

bool PgKeyStore::revoke(const std::string& name, const std::string& actor) {
  return transact(session_, "control_keys_revoke", [&](Transaction& transaction) {
    const auto removed = transaction.exec(queries::control_keys_remove, Params::of(name));
    if (removed.empty()) return false;
    tell(transaction, "keys");
    audit(transaction, actor, "key.revoke", name,
          fmt::format("{} {}", text(removed.at(0), "role"), text(removed.at(0), "public_key")));
    return true;
  });
}

}  // namespace lethe::db
