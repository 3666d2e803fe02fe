#include "common/db/connection_string.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <map>
#include <memory>

#include "common/store_error.hpp"
#include "common/user_error.hpp"

namespace lethe::db {

namespace {

/// libpq's reading of a connection string: the keys that it sets. On failure `error` is set.
std::map<std::string, std::string> parse(const std::string& connection, std::string& error) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(connection.c_str(), &message), PQconninfoFree);
  std::map<std::string, std::string> values;
  if (options == nullptr) {
    error = message == nullptr ? "not a connection string" : message;
    PQfreemem(message);
    while (!error.empty() && error.back() == '\n') error.pop_back();
    return values;
  }
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) values[option->keyword] = option->val;
  return values;
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
  std::string error;
  auto values = parse(connection, error);
  if (!error.empty()) throw StoreError(Failure::rejected, "connect", "", error);
  for (const auto& [key, value] :
       std::map<std::string, std::string>{{"connect_timeout", "5"},
                                          {"keepalives_idle", "15"},
                                          {"keepalives_interval", "5"},
                                          {"keepalives_count", "3"},
                                          {"tcp_user_timeout", "20000"},
                                          {"client_encoding", "UTF8"},
                                          {"application_name", application_name}})
    values.emplace(key, value);
  std::string text;
  for (const auto& [key, value] : values)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, in_quotes(value));
  return text;
}

void check_target_url(const std::string& url, const std::string& field) {
  std::string error;
  const auto values = parse(url, error);
  if (!error.empty())  // libpq's text may quote the string, and so a password
    throw UserError(ExitCode::bad_config,
                    fmt::format("{}: libpq cannot read it; write a URI such as "
                                "postgresql://user@host/db, key=value pairs or service=NAME",
                                field));
  for (const char* secret : {"password", "sslpassword"})
    if (values.contains(secret))
      throw UserError(
          ExitCode::bad_config,
          fmt::format("{}: holds a password; remove it and use a passfile (PGPASSFILE), "
                      "a service file or a client certificate",
                      field));
}

}  // namespace lethe::db
