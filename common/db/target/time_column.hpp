#pragma once

// Private to common/db. Pure: how the types that can hold a time are compared, so that an index on
// the column serves: always the bare column with a constant.

#include <string>

#include "common/db/target/predicate.hpp"
#include "common/policies/time_unit.hpp"

namespace lethe::db {

/// What kind of time a column of this type holds for a policy that says `unit` of it, or none of
/// it. `none` when they do not fit each other.
[[nodiscard]] TimeType time_type(const std::string& type, std::optional<TimeUnit> unit);

/// Nothing for the types that are times by themselves.
[[nodiscard]] std::optional<TimeUnit> unit_of(TimeType type) noexcept;

/// The type of the constants that the column is compared with. Of an integer bigint, because a
/// limit in 2038 is more than an integer holds.
[[nodiscard]] std::string limit_type(const ColumnFacts& column);

/// How catalog statements are told what kind of time the column holds: its unit, else its type.
[[nodiscard]] std::string time_kind(const ColumnFacts& column);

/// The first value of the column's type that is not before the limit, as text.
[[nodiscard]] std::string limit_text(const Limit& limit, TimeType type);

/// The same for an SQL expression of type timestamptz that is not 'infinity'.
[[nodiscard]] std::string limit_sql(const std::string& instant, TimeType type);

/// A constant: only values above it are times, those at or below it mean that there is none.
[[nodiscard]] std::string floor_sql(const ColumnFacts& column);

/// Over alias `x`: whether a value is of a kind that holds a time at all; "" when every one is.
[[nodiscard]] std::string has_time_sql(const ColumnFacts& column);

/// Over alias `x`, for a column with a unit: the count in a value that has a time.
[[nodiscard]] std::string count_sql(const ColumnFacts& column);

/// One column of alias `x` as timestamptz: of a date, the end of its day; infinite for a number or
/// a UUID that is no time.
[[nodiscard]] std::string instant_sql(const ColumnFacts& column);

}  // namespace lethe::db
