#include "common/db/connection_string.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <map>
#include <memory>
#include <optional>

#include "common/store_error.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

using Values = std::map<std::string, std::string>;

/// libpq's reading of a connection string: the keys that it sets. Nothing when it cannot read it;
/// its reason quotes the string, and so perhaps a password.
std::optional<Values> parse(const std::string& connection) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(connection.c_str(), nullptr), PQconninfoFree);
  if (options == nullptr) return std::nullopt;
  Values values;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) values[option->keyword] = option->val;
  return values;
}

/// Whether a URI has an @ behind the one that ends its user and password: then a bare @ or / in the
/// password made libpq take the rest of it for a host, a port or a database.
bool is_split_in_password(const std::string& connection) {
  const auto scheme = connection.find("://");
  if (scheme == std::string::npos || connection.rfind("postgres", 0) != 0) return false;
  std::string rest = connection.substr(scheme + 3);
  const auto at = rest.find('@');
  if (at < rest.find('/')) rest = rest.substr(at + 1);
  return rest.substr(0, rest.find('?')).find('@') != std::string::npos;
}

bool are_ports(const Values& values) {
  const auto port = values.find("port");
  return port == values.end() || port->second.find_first_not_of("0123456789,") == std::string::npos;
}

std::string in_quotes(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

}  // namespace

std::string with_defaults(const std::string& connection, const std::string& application_name) {
  auto values = parse(connection);
  if (!values)
    throw StoreError(Failure::rejected, "connect", "", "libpq cannot read the connection string");
  for (const auto& [key, value] : Values{{"connect_timeout", "5"},
                                         {"keepalives_idle", "15"},
                                         {"keepalives_interval", "5"},
                                         {"keepalives_count", "3"},
                                         {"tcp_user_timeout", "20000"},
                                         {"client_encoding", "UTF8"},
                                         {"application_name", application_name}})
    values->emplace(key, value);
  std::string text;
  for (const auto& [key, value] : *values)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, in_quotes(value));
  return text;
}

void check_control_connection(const std::string& connection) {
  const auto values = parse(connection);
  if (values && are_ports(*values) && !is_split_in_password(connection)) return;
  throw UserError(ExitCode::bad_config,
                  "database (LETHE_DATABASE_URL): libpq cannot read it as it is meant; in a URI "
                  "write % @ / of a password as %25 %40 %2F, and between key=value "
                  "pairs put a value with blanks in quotes, as in password='two words'");
}

void check_target_url(const std::string& url, const std::string& field) {
  const auto values = parse(url);
  if (!values)
    throw UserError(ExitCode::bad_config,
                    fmt::format("{}: libpq cannot read it; write a URI such as "
                                "postgresql://user@host/db, key=value pairs or service=NAME",
                                field));
  for (const char* secret : {"password", "sslpassword"})
    if (values->contains(secret))
      throw UserError(
          ExitCode::bad_config,
          fmt::format("{}: holds a password; remove it and use a passfile (PGPASSFILE), "
                      "a service file or a client certificate",
                      field));
}

}  // namespace lethe::db
