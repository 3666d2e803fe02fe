#include "common/db/target/held_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lethe::db {

namespace {

std::string joined(const std::vector<std::string>& parts, std::string_view word) {
  return fmt::format("({})", fmt::join(parts, fmt::format(" {} ", word)));
}

/// The same relations and columns, so that only the values differ.
bool same_shape(const HeldBy& a, const HeldBy& b) {
  return a.parts == b.parts &&
         std::equal(a.equals.begin(), a.equals.end(), b.equals.begin(), b.equals.end(),
                    [](const auto& one, const auto& other) { return one.column == other.column; });
}

std::string equal_sql(const std::string& alias, const HeldBy::Equal& equal, Params& params) {
  return fmt::format("{}.{} {} {}::{}", alias, equal.column, equal.equals, params.bind(equal.value),
                     equal.type);
}

std::string all_equal(const std::string& alias, const HeldBy& hold, Params& params) {
  std::vector<std::string> parts;
  for (const auto& equal : hold.equals) parts.push_back(equal_sql(alias, equal, params));
  return parts.empty() ? "true" : joined(parts, "AND");
}

std::string in_parts(const std::string& alias, const std::string& parts, Params& params) {
  return fmt::format("{}.tableoid OPERATOR(pg_catalog.=) ANY ({}::oid[])", alias,
                     params.bind(parts));
}

/// Holds of one shape, at least one. By the first column's list most rows are done with.
std::string shape_sql(const std::string& alias, const std::vector<const HeldBy*>& shape,
                      Params& params) {
  const HeldBy& first = *shape.front();
  std::vector<std::string> parts;
  if (!first.parts.empty()) parts.push_back(in_parts(alias, first.parts, params));
  if (!first.equals.empty()) {
    const HeldBy::Equal& lead = first.equals.front();
    std::vector<std::string> values;
    for (const HeldBy* hold : shape) values.push_back(hold->equals.front().value);
    parts.push_back(fmt::format("{}.{} {} ANY ({}::{}[])", alias, lead.column, lead.equals,
                                params.bind(to_array(values)), lead.type));
  }
  if (first.equals.size() > 1) {
    std::vector<std::string> rows;
    for (const HeldBy* hold : shape) rows.push_back(all_equal(alias, *hold, params));
    parts.push_back(joined(rows, "OR"));
  }
  return parts.empty() ? "true" : joined(parts, "AND");
}

/// Over alias x: the number of a hold that keeps a row of the child, or of a child of that, which
/// points at row x.
std::string number_below(const HeldDependent& dependent, Params& params) {
  std::string number = dependent.held.number("c", params);
  for (const auto& below : dependent.below)
    number += fmt::format(", (SELECT {} FROM (SELECT c.*) AS x)", number_below(below, params));
  return fmt::format(
      "(SELECT h.hold FROM (SELECT coalesce({}) AS hold FROM {} WHERE {}) AS h WHERE h.hold IS NOT "
      "NULL LIMIT 1)",
      number, dependent.key.from_item, dependent.key.match);
}

}  // namespace

bool HeldRows::may_cover(std::uint32_t relation) const {
  const std::string oid = std::to_string(relation);
  const auto has = [&](std::string parts) {
    std::replace_if(
        parts.begin(), parts.end(), [](char c) { return c == '{' || c == '}'; }, ',');
    return parts.empty() || parts.find("," + oid + ",") != std::string::npos;
  };
  return std::any_of(holds_.begin(), holds_.end(), [&](const auto& h) { return has(h.parts); });
}

std::string HeldRows::held(const std::string& alias, Params& params) const {
  std::vector<std::vector<const HeldBy*>> shapes;
  for (const auto& hold : holds_) {
    const auto same = std::find_if(shapes.begin(), shapes.end(), [&](const auto& shape) {
      return same_shape(*shape.front(), hold);
    });
    if (same == shapes.end()) {
      shapes.push_back({&hold});
    } else {
      same->push_back(&hold);
    }
  }
  std::vector<std::string> parts;
  for (const auto& shape : shapes) parts.push_back(shape_sql(alias, shape, params));
  return parts.empty() ? "false" : joined(parts, "OR");
}

std::string HeldRows::number(const std::string& alias, Params& params) const {
  if (none()) return "NULL::bigint";
  const std::string any = held(alias, params);
  std::string branches;
  for (const auto& hold : holds_) {
    std::string condition = all_equal(alias, hold, params);
    if (!hold.parts.empty()) condition += " AND " + in_parts(alias, hold.parts, params);
    branches += fmt::format(" WHEN {} THEN {}::bigint", condition, hold.hold);
  }
  return fmt::format("CASE WHEN {} THEN CASE{} END END", any, branches);
}

std::string Held::free(Params& params) const {
  std::vector<std::string> parts;
  if (!rows.none()) parts.push_back(fmt::format("{} IS NOT TRUE", rows.held("x", params)));
  for (const auto& dependent : dependents)
    parts.push_back(fmt::format("{} IS NULL", number_below(dependent, params)));
  return parts.empty() ? "true" : joined(parts, "AND");
}

std::string Held::number(Params& params) const {
  std::string list = rows.number("x", params);
  for (const auto& dependent : dependents) list += ", " + number_below(dependent, params);
  return fmt::format("coalesce({})", list);
}

}  // namespace lethe::db
