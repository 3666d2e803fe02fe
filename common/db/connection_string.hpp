#pragma once

#include <string>

namespace lethe::db {

/// The connection string with what every connection of ours has unless the user says otherwise:
/// connect_timeout, TCP keepalives, tcp_user_timeout and application_name. Throws StoreError
/// (rejected) when libpq cannot read `connection`; it never repeats a part of it, for that may be
/// one of a password.
[[nodiscard]] std::string with_defaults(const std::string& connection,
                                        const std::string& application_name);

/// Checks the control database's connection string, which may hold a password: readable by libpq,
/// and no part of a password reads as a host, port or database, which messages name. Throws
/// UserError (bad_config) that never repeats a part of it.
void check_control_connection(const std::string& connection);

/// Checks a target's URL: readable by libpq and without a password in it. Throws UserError
/// (bad_config) that starts with `field` and never repeats the secret.
void check_target_url(const std::string& url, const std::string& field);

}  // namespace lethe::db
