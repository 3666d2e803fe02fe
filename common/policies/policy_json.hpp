#pragma once

#include <string>
#include <string_view>

#include "common/policies/policy.hpp"

namespace lethe {

/// The policy as canonical JSON: keys sorted, no spaces, absent members left out, so that equal
/// policies give equal text. This text is what is hashed, stored and frozen into a run. Throws
/// std::invalid_argument when a text in it is not UTF-8.
[[nodiscard]] std::string to_canonical_json(const Policy& policy);

/// Reads what to_canonical_json wrote (also after a trip through jsonb, which reorders keys).
/// Throws std::invalid_argument when it is not such a text: an unknown or missing key, another
/// type, a retention that is not above zero, a negative count.
[[nodiscard]] Policy policy_from_json(std::string_view json);

/// "90 days", "6 months", "1 year 6 months", "36 hours": the longest units that are exact, weeks
/// told as days. What parse_retention reads and people see. "0 seconds" for none at all.
[[nodiscard]] std::string to_text(const Retention& retention);

/// Input for PostgreSQL's interval type: "6 mons 7776000 secs", with hours beyond 2^31 seconds.
[[nodiscard]] std::string to_interval(const Retention& retention);

/// `schema.table` for people, quoted as in SQL where it must be.
[[nodiscard]] std::string to_text(const TableName& name);

[[nodiscard]] const char* to_string(Comparison comparison) noexcept;

}  // namespace lethe
