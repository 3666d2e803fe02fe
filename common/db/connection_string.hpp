#pragma once

#include <string>

namespace lethe::db {

/// The connection string with what every connection of ours has unless the user says otherwise:
/// connect_timeout, TCP keepalives, tcp_user_timeout and application_name. Throws StoreError
/// (rejected) when libpq cannot read `connection`.
[[nodiscard]] std::string with_defaults(const std::string& connection,
                                        const std::string& application_name);

/// Checks a target's URL: readable by libpq and without a password in it. Throws UserError
/// (bad_config) that starts with `field` and never repeats the secret.
void check_target_url(const std::string& url, const std::string& field);

}  // namespace lethe::db
