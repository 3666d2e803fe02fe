#include "common/policies/archive_rule.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <stdexcept>

#include "common/policies/policy_parser.hpp"
#include "common/policies/strategy_choice.hpp"
#include "common/policies/text_rules.hpp"

namespace lethe {
namespace {

constexpr std::array<std::string_view, 4> archive_keys{"table", "dir", "format", "keep"};
constexpr std::size_t directory_bytes_max = 1'000;

template <typename Parse>
auto read_with(const YamlValue& value, Parse parse) {
  try {
    return parse(value.text());
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

std::string read_directory(const YamlValue& value) {
  const std::string& text = value.text();
  if (text.size() > directory_bytes_max || !is_utf8(text) || has_control_character(text))
    value.fail(fmt::format(
        "is no directory: at most {} bytes of UTF-8 without control characters; write such as "
        "/var/lib/lethe/archive",
        directory_bytes_max));
  const std::filesystem::path path(text);
  if (!path.is_absolute())
    value.fail(fmt::format(
        "{} is relative, and every worker would take it for another place; write the whole path, "
        "such as /var/lib/lethe/archive",
        shown(text)));
  const std::filesystem::path normal = path.lexically_normal();
  if (normal.string() != text || !normal.has_filename())
    value.fail(
        fmt::format("{} has a part that says nothing; write it without . and .. and "
                    "without a slash at the end",
                    shown(text)));
  return text;
}

TableName read_table(const YamlValue& value, const Policy& policy) {
  TableName table = read_with(value, [](std::string_view text) { return parse_table_name(text); });
  if (table == policy.table)
    value.fail("is the table of the policy itself; name another table for the copies");
  return table;
}

}  // namespace

ArchiveRule read_archive(const YamlValue& value, const Policy& policy) {
  const YamlMap map = value.map(100);
  map.check_keys(archive_keys, "archive");
  const YamlValue* table = map.find("table");
  const YamlValue* directory = map.find("dir");
  if ((table == nullptr) == (directory == nullptr))
    value.fail(
        "must have either table or dir; write {table: archive.orders} or {dir: "
        "/var/lib/lethe/archive, format: csv}");
  if (const std::string why = archive_obstacle(policy); !why.empty()) value.fail(why);
  ArchiveRule rule;
  if (table != nullptr) rule.table = read_table(*table, policy);
  if (directory != nullptr) rule.directory = read_directory(*directory);
  if (const YamlValue* format = map.find("format")) {
    if (directory == nullptr) format->fail("means nothing without dir; remove it");
    if (format->text() != "csv")
      format->fail(fmt::format("{} is no format; write csv", shown(format->text())));
  }
  if (const YamlValue* keep = map.find("keep"))
    rule.keep = read_with(*keep, [](std::string_view text) { return parse_retention(text); });
  return rule;
}

std::string archive_obstacle(const Policy& policy) {
  if (policy.action.kind == Action::Kind::call)
    return "cannot know which rows a function that is called will take; remove it";
  if (!policy.cascade.empty())
    return "has no place for the children under cascade, which would go without a copy; remove one "
           "of them, or write a policy with an archive for each child";
  if (drops_partitions(policy))
    return fmt::format(
        "and partitions: {} do not go together, because a partition goes without being read; write "
        "partitions: rows, or remove the archive and use partitions: quarantine, from which a "
        "partition can come back",
        to_string(policy.partitions));
  return "";
}

}  // namespace lethe
