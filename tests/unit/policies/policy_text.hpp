#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/policies/policy_parser.hpp"
#include "common/user_error.hpp"

namespace lethe::policy_test {

/// A file with one policy: its keys stand on lines 2 to 6, `entry` (if any) replaces the line of
/// `key` or, for another key, follows on line 7.
inline std::string policy_text(const std::string& key = "", const std::string& entry = "") {
  const std::vector<std::pair<std::string, std::string>> base{
      {"name", "name: sessions-90d"},      {"target", "target: app"},
      {"table", "table: public.sessions"}, {"timestamp", "timestamp: created_at"},
      {"retain", "retain: 90 days"},
  };
  std::string text = "policies:\n";
  bool is_replaced = key.empty();
  std::string indent = "  - ";
  for (const auto& [name, line] : base) {
    const std::string& chosen = name == key ? entry : line;
    is_replaced = is_replaced || name == key;
    if (chosen.empty()) continue;
    text += indent + chosen + "\n";
    indent = "    ";
  }
  return is_replaced ? text : text + indent + entry + "\n";
}

/// The one policy of `yaml`.
inline Policy only_policy(std::string_view yaml) {
  return parse_policies(yaml, "policies.yaml").policies.at(0);
}

/// What parse_policies says against `yaml`; empty when it takes it or says it in another way than
/// as a UserError for a bad configuration.
inline std::string refusal(std::string_view yaml) {
  try {
    static_cast<void>(parse_policies(yaml, "policies.yaml"));
  } catch (const UserError& error) {
    if (error.code() == ExitCode::bad_config) return error.what();
  }
  return {};
}

inline bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace lethe::policy_test
