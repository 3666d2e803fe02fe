#pragma once

#include <string>
#include <string_view>

#include "common/policies/policy.hpp"

namespace lethe {

/// Reads the text of a policy file (YAML, docs/policies.md). `file` is its name, for messages.
///
/// Pure: no database is asked, so whether tables and columns exist is checked later. Throws
/// UserError (ExitCode::bad_config) whose one line has the form
///   FILE:LINE: policies[0].retain: must be longer than zero; write for example "90 days"
/// for anything unknown, of the wrong type, out of range or said twice. Nothing is ignored.
[[nodiscard]] PolicyFile parse_policies(std::string_view yaml, const std::string& file);

/// Reads "90 days", "36 hours", "6 months", "1 year 6 months", "90d", "12h": units second(s)/s,
/// minute(s)/min, hour(s)/h, day(s)/d, week(s)/w, month(s)/mon, year(s)/y. Throws
/// std::invalid_argument with a cure when it is not one, is zero or negative, or exceeds 1000
/// years.
[[nodiscard]] Retention parse_retention(std::string_view text);

/// Checks that `text` is a name of a policy or target: [a-z0-9][a-z0-9_.-]{0,62}.
[[nodiscard]] bool is_name(std::string_view text);

/// Splits "schema.table"; a name with a dot or a double quote inside is written as in SQL,
/// e.g. `"odd.schema"."t""x"`. Without a schema it is "public". Throws std::invalid_argument.
[[nodiscard]] TableName parse_table_name(std::string_view text);

/// Reads one table more of `cascade` and adds it to `policy`, whose table is known. Throws
/// std::invalid_argument with a cure for no name, the policy's own table, a twin, and too many.
void add_child(std::string_view text, Policy& policy);

}  // namespace lethe
