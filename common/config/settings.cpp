#include "common/config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cctype>
#include <charconv>

#include "common/config/settings_file.hpp"
#include "common/policies/connection_url.hpp"
#include "common/policies/text_rules.hpp"
#include "common/user_error.hpp"

namespace lethe {

namespace {

/// A value that was found somewhere, before it is checked.
struct Found {
  std::vector<std::string> texts;
  std::string origin;
  ExitCode blame = ExitCode::bad_config;
};

[[noreturn]] void refuse(const SettingSpec& spec, const Found& found, const std::string& why) {
  const bool is_flag = found.blame == ExitCode::usage;
  throw UserError(found.blame, is_flag ? fmt::format("{}: {}", found.origin, why)
                                       : fmt::format("{}: {}: {}", found.origin, spec.key, why));
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::size_t from = text.find_first_not_of(' ', at);
    if (from < end) {
      const std::size_t to = text.find_last_not_of(' ', end - 1);
      items.push_back(text.substr(from, to + 1 - from));
    }
    at = end + 1;
  }
  return items;
}

std::optional<std::int64_t> number_in(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

void check_number(const SettingSpec& spec, const Found& found) {
  const auto number = number_in(found.texts.front());
  if (number && *number >= spec.min && *number <= spec.max) return;
  refuse(spec, found,
         fmt::format("{} is not a whole number from {} to {}", shown(found.texts.front()), spec.min,
                     spec.max));
}

void check_choices(const SettingSpec& spec, const Found& found) {
  for (const std::string& text : found.texts) {
    if (spec.choices.empty() ||
        std::find(spec.choices.begin(), spec.choices.end(), text) != spec.choices.end())
      continue;
    refuse(spec, found,
           fmt::format("{} is not known in this version; write {}", shown(text),
                       fmt::join(spec.choices, " or ")));
  }
}

/// Other users of the machine see the flags of a process, so a secret must not be in one.
void check_connection(const SettingSpec& spec, const Found& found) {
  if (found.blame != ExitCode::usage) return;
  const std::string problem = connection_url_problem(found.texts.front());
  if (problem.empty()) return;
  refuse(spec, found,
         fmt::format("{}; the environment ({}) and the file may hold a password, a flag may not",
                     problem, environment_name(spec)));
}

void check(const SettingSpec& spec, const Found& found) {
  const bool single = spec.kind != SettingKind::list;
  if (single && found.texts.size() != 1) refuse(spec, found, "must be one value, not a list");
  if (!single && static_cast<std::int64_t>(found.texts.size()) < spec.min)
    refuse(spec, found, fmt::format("must name at least {}", spec.min));
  const std::string problem = spec.problem ? spec.problem(found.texts) : "";
  if (!problem.empty()) refuse(spec, found, problem);
  switch (spec.kind) {
    case SettingKind::number: return check_number(spec, found);
    case SettingKind::choice:
    case SettingKind::list: return check_choices(spec, found);
    case SettingKind::connection: return check_connection(spec, found);
    case SettingKind::text: return;
  }
}

std::vector<std::string> texts_of(const SettingSpec& spec, const std::string& text) {
  if (spec.kind == SettingKind::list) return split(text);
  return {text};
}

Found find(const SettingSpec& spec, const SettingSources& sources, const SettingsFile& file) {
  const auto flag = sources.flags.find(spec.key);
  if (flag != sources.flags.end()) {
    Found found{.texts = {}, .origin = spec.flag, .blame = ExitCode::usage};
    for (const std::string& text : flag->second)
      for (std::string& one : texts_of(spec, text)) found.texts.push_back(std::move(one));
    return found;
  }
  const std::string name = environment_name(spec);
  const auto variable = sources.environment ? sources.environment(name) : std::nullopt;
  if (variable && !variable->empty())
    return {.texts = texts_of(spec, *variable), .origin = name, .blame = ExitCode::bad_config};
  const auto entry = file.find(spec.key);
  if (entry != file.end())
    return {.texts = entry->second.texts,
            .origin = fmt::format("{}:{}", sources.file, entry->second.line),
            .blame = ExitCode::bad_config};
  return {.texts = texts_of(spec, spec.fallback), .origin = "default"};
}

std::string yaml_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') result += '\'';
    result += c;
  }
  return result + '\'';
}

std::string printed(const Settings::Value& value) {
  switch (value.spec.kind) {
    case SettingKind::number:
    case SettingKind::choice: return value.texts.front();
    case SettingKind::text: return yaml_quoted(value.texts.front());
    case SettingKind::connection: {
      const std::string& text = value.texts.front();
      return text.empty() || connection_url_problem(text).empty() ? yaml_quoted(text)
                                                                  : "'(hidden)'";
    }
    case SettingKind::list: break;
  }
  std::vector<std::string> items;
  std::transform(value.texts.begin(), value.texts.end(), std::back_inserter(items), yaml_quoted);
  return fmt::format("[{}]", fmt::join(items, ", "));
}

}  // namespace

std::string environment_name(const SettingSpec& spec) {
  if (!spec.env.empty()) return spec.env;
  std::string name = "LETHE_" + spec.key;
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return name;
}

std::string range_text(const SettingSpec& spec) {
  if (spec.kind == SettingKind::number) return fmt::format("{}..{}", spec.min, spec.max);
  return fmt::format("{}", fmt::join(spec.choices, " "));
}

const Settings::Value& Settings::value(const std::string& key) const {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [&key](const Value& one) { return one.spec.key == key; });
  assert(found != values_.end());
  return *found;
}

std::int64_t Settings::number(const std::string& key) const {
  const Value& found = value(key);
  assert(found.spec.kind == SettingKind::number);
  return number_in(found.texts.front()).value_or(found.spec.min);
}

const std::string& Settings::text(const std::string& key) const {
  const Value& found = value(key);
  assert(found.spec.kind != SettingKind::number && found.spec.kind != SettingKind::list);
  return found.texts.front();
}

const std::vector<std::string>& Settings::list(const std::string& key) const {
  const Value& found = value(key);
  assert(found.spec.kind == SettingKind::list);
  return found.texts;
}

std::string Settings::print() const {
  std::string result;
  for (const Value& one : values_)
    result += fmt::format("{}: {}  # {}\n", one.spec.key, printed(one), one.origin);
  return result;
}

Settings read_settings(const SettingTable& table, const SettingSources& sources) {
  std::vector<std::string> keys;
  for (const SettingSpec& spec : table) keys.push_back(spec.key);
  const SettingsFile file = parse_settings_file(sources.file_text, sources.file, keys);
  std::vector<Settings::Value> values;
  for (const SettingSpec& spec : table) {
    Found found = find(spec, sources, file);
    check(spec, found);
    values.push_back(
        {.spec = spec, .texts = std::move(found.texts), .origin = std::move(found.origin)});
  }
  return Settings(std::move(values));
}

}  // namespace lethe
