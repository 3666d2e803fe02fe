#include "common/policies/connection_url.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "common/policies/text_rules.hpp"

namespace lethe {
namespace {

constexpr std::size_t max_bytes = 4096;

constexpr const char* has_secret =
    "must not hold a password or key; keep it in a passfile (PGPASSFILE or passfile=...) or in a "
    "service file (service=...)";
constexpr const char* not_a_url =
    "is not a connection string; write postgresql://host/dbname, or pairs such as service=app or "
    "host=db dbname=app";

constexpr std::array<std::string_view, 5> secret_keys{
    "password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"};

using Parameter = std::pair<std::string, std::string>;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void skip_blanks(std::string_view& rest) {
  while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
}

/// Case-blind although libpq is not: PASSWORD=x is an error there, and still a secret in a file.
bool is_secret(std::string key) {
  std::transform(key.begin(), key.end(), key.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return std::find(secret_keys.begin(), secret_keys.end(), key) != secret_keys.end();
}

/// Takes a value of a key=value string: up to a blank, or between single quotes, with backslash
/// escapes in both. Nothing when a quote is not closed.
std::optional<std::string> take_value(std::string_view& rest) {
  const bool in_quotes = !rest.empty() && rest.front() == '\'';
  if (in_quotes) rest.remove_prefix(1);
  std::string value;
  while (!rest.empty()) {
    if (in_quotes ? rest.front() == '\'' : is_blank(rest.front())) break;
    if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
    value += rest.front();
    rest.remove_prefix(1);
  }
  if (!in_quotes) return value;
  if (rest.empty()) return std::nullopt;
  rest.remove_prefix(1);
  return value;
}

/// The parameters of a key=value string; nothing when it is not one.
std::optional<std::vector<Parameter>> parse_pairs(std::string_view rest) {
  std::vector<Parameter> result;
  skip_blanks(rest);
  while (!rest.empty()) {
    std::string key;
    while (!rest.empty() && rest.front() != '=' && !is_blank(rest.front())) {
      key += rest.front();
      rest.remove_prefix(1);
    }
    skip_blanks(rest);
    if (key.empty() || rest.empty() || rest.front() != '=') return std::nullopt;
    rest.remove_prefix(1);
    skip_blanks(rest);
    std::optional<std::string> value = take_value(rest);
    if (!value) return std::nullopt;
    result.emplace_back(std::move(key), std::move(*value));
    skip_blanks(rest);
  }
  return result;
}

/// Resolves %XX; what is no such escape stays.
std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned byte = 0;
    if (text[at] == '%' && at + 2 < text.size()) {
      const char* digits = text.data() + at + 1;
      const auto [end, error] = std::from_chars(digits, digits + 2, byte, 16);
      if (error == std::errc() && end == digits + 2) {
        result += static_cast<char>(byte);
        at += 2;
        continue;
      }
    }
    result += text[at];
  }
  return result;
}

/// What stands between every ? or & and the next one, which is more than libpq reads as parameters.
/// Nothing when one lacks its equals sign.
std::optional<std::vector<Parameter>> uri_parameters(std::string_view uri) {
  std::vector<Parameter> result;
  for (std::size_t at = uri.find_first_of("?&"); at < uri.size();) {
    const std::size_t end = std::min(uri.find_first_of("?&", at + 1), uri.size());
    const std::string_view piece = uri.substr(at + 1, end - at - 1);
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    result.emplace_back(percent_decoded(piece.substr(0, equals)),
                        percent_decoded(piece.substr(equals + 1)));
    at = end;
  }
  return result;
}

/// True for anything that reads as user:secret@, a secret with / or ? in it included.
bool has_user_secret(std::string_view after_scheme) {
  const std::size_t at = after_scheme.find('@');
  if (at == std::string_view::npos) return false;
  const std::size_t slash = after_scheme.find('/');
  const std::size_t query = after_scheme.find('?');
  const bool at_is_in_query = slash < query && query < at;
  return after_scheme.find(':') < at && !at_is_in_query;
}

/// False for HOST:PORT where a port is no number, as in user:secret without the @.
bool has_numeric_ports(std::string_view after_scheme) {
  std::string_view hosts = after_scheme.substr(0, after_scheme.find_first_of("/?"));
  hosts.remove_prefix(hosts.find('@') == std::string_view::npos ? 0 : hosts.find('@') + 1);
  bool in_port = false;
  bool in_brackets = false;  // an IPv6 address
  for (const char c : hosts) {
    if (c == '[' || c == ']') in_brackets = c == '[';
    if (c == ',') {
      in_port = false;
    } else if (in_port && (c < '0' || c > '9')) {
      return false;
    } else if (c == ':' && !in_brackets) {
      in_port = true;
    }
  }
  return true;
}

bool holds_secret(const std::vector<Parameter>& parameters) {
  return std::any_of(parameters.begin(), parameters.end(), [](const Parameter& parameter) {
    const auto& [key, value] = parameter;
    if (is_secret(key)) return true;
    return key == "dbname" && connection_url_problem(value) == has_secret;
  });
}

}  // namespace

std::string connection_url_problem(std::string_view url) {
  if (url.empty() || url.size() > max_bytes) return not_a_url;
  if (has_control_character(url)) return "holds a line break or control character; remove it";
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (url.substr(0, scheme.size()) != scheme) continue;
    const std::string_view rest = url.substr(scheme.size());
    if (has_user_secret(rest)) return has_secret;
    const auto parameters = uri_parameters(rest);
    if (parameters && holds_secret(*parameters)) return has_secret;
    return parameters && has_numeric_ports(rest) ? "" : not_a_url;
  }
  const auto pairs = parse_pairs(url);
  if (!pairs || pairs->empty()) return not_a_url;
  if (holds_secret(*pairs)) return has_secret;
  return {};
}

}  // namespace lethe
