#pragma once

#include <string>
#include <string_view>

#include "common/policies/policy.hpp"

namespace lethe {

/// The policy as canonical JSON: keys sorted, no spaces, absent members left out, so that equal
/// policies give equal text. This text is what is hashed, stored and frozen into a run.
[[nodiscard]] std::string to_canonical_json(const Policy& policy);

/// Reads what to_canonical_json wrote (also after a trip through jsonb, which reorders keys).
/// Throws std::invalid_argument when it is not such a text.
[[nodiscard]] Policy policy_from_json(std::string_view json);

/// "90 days", "6 months", "1 year 6 months", "36 hours": the longest units that are exact. What
/// parse_retention reads and people see.
[[nodiscard]] std::string to_text(const Retention& retention);

/// Input for PostgreSQL's interval type: "6 mons 7776000 secs".
[[nodiscard]] std::string to_interval(const Retention& retention);

/// `schema.table` for people, quoted as in SQL where it must be.
[[nodiscard]] std::string to_text(const TableName& name);

[[nodiscard]] const char* to_string(Comparison comparison) noexcept;

}  // namespace lethe
