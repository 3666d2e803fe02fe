#include "common/db/target/time_column.hpp"

#include <fmt/format.h>

namespace lethe::db {

namespace {

/// The lowest UUID with these milliseconds in it; every UUIDv7 with as many is above it.
std::string uuid_of(std::int64_t ms) {
  const std::string digits = fmt::format("{:012x}", ms);
  return fmt::format("{}-{}-0000-0000-000000000000", digits.substr(0, 8), digits.substr(8));
}

std::string text_of(std::int64_t us, TimeUnit unit) {
  const std::int64_t count = count_from(us, unit);
  return unit == TimeUnit::uuidv7 ? uuid_of(count) : std::to_string(count);
}

/// Microseconds since 1970 of a timestamptz, to the last one, on every server; 0 before 1970.
std::string us_sql(const std::string& instant) {
  return fmt::format(
      "(extract(epoch FROM pg_catalog.date_trunc('second', {0}))::bigint * 1000000 + extract("
      "microseconds FROM {0})::bigint % 1000000)",
      fmt::format("greatest({}, 'epoch'::timestamptz)", instant));
}

/// Written as an inequality, because the server, which knows nothing of these bits, takes an
/// equality for something rare and would estimate almost no rows.
std::string is_version_7(const std::string& name) {
  return fmt::format(
      "(((pg_catalog.get_byte(pg_catalog.uuid_send({0}), 6) & 240) = 112 AND "
      "(pg_catalog.get_byte(pg_catalog.uuid_send({0}), 8) & 192) = 128)::integer <> 0)",
      name);
}

std::string counted_instant(const ColumnFacts& column, TimeUnit unit) {
  const std::string name = "x." + column.quoted;
  const std::string has_time = has_time_sql(column);
  const std::string type = limit_type(column);
  return fmt::format(
      "CASE WHEN {name} < '{first}'::{type}{unfit} THEN '-infinity'::timestamptz WHEN {name} >= "
      "'{end}'::{type} THEN 'infinity' ELSE 'epoch'::timestamptz + {count}::float8 * interval "
      "'{us} microseconds' END",
      fmt::arg("name", name), fmt::arg("first", text_of(first_time_us, unit)),
      fmt::arg("type", type),
      fmt::arg("unfit", has_time.empty() ? "" : fmt::format(" OR NOT {}", has_time)),
      fmt::arg("end", text_of(end_of_time_us, unit)), fmt::arg("count", count_sql(column)),
      fmt::arg("us", us_in(unit)));
}

}  // namespace

TimeType time_type(const std::string& type, std::optional<TimeUnit> unit) {
  if (!unit) {
    if (type == "timestamp with time zone") return TimeType::timestamptz;
    if (type == "timestamp without time zone") return TimeType::timestamp;
    return type == "date" ? TimeType::date : TimeType::none;
  }
  const bool is_number = type == "bigint" || type == "integer";
  switch (*unit) {
    case TimeUnit::s: return is_number ? TimeType::epoch_s : TimeType::none;
    case TimeUnit::ms: return is_number ? TimeType::epoch_ms : TimeType::none;
    case TimeUnit::us: return is_number ? TimeType::epoch_us : TimeType::none;
    case TimeUnit::uuidv7: return type == "uuid" ? TimeType::uuidv7 : TimeType::none;
  }
  return TimeType::none;
}

std::optional<TimeUnit> unit_of(TimeType type) noexcept {
  switch (type) {
    case TimeType::epoch_s: return TimeUnit::s;
    case TimeType::epoch_ms: return TimeUnit::ms;
    case TimeType::epoch_us: return TimeUnit::us;
    case TimeType::uuidv7: return TimeUnit::uuidv7;
    case TimeType::none:
    case TimeType::timestamptz:
    case TimeType::timestamp:
    case TimeType::date: break;
  }
  return std::nullopt;
}

std::string limit_type(const ColumnFacts& column) {
  const auto unit = unit_of(column.time);
  return unit && *unit != TimeUnit::uuidv7 ? "bigint" : column.type;
}

std::string time_kind(const ColumnFacts& column) {
  const auto unit = unit_of(column.time);
  return unit ? to_string(*unit) : column.type;
}

std::string limit_text(const Limit& limit, TimeType type) {
  if (const auto unit = unit_of(type)) return text_of(limit.us, *unit);
  if (type == TimeType::timestamp) return limit.timestamp;
  if (type == TimeType::date) return limit.date;
  return limit.timestamptz;
}

std::string limit_sql(const std::string& instant, TimeType type) {
  if (type == TimeType::timestamp) return fmt::format("({} AT TIME ZONE 'UTC')", instant);
  if (type == TimeType::date)
    return fmt::format("(({} - interval '1 microsecond') AT TIME ZONE 'UTC')::date", instant);
  const auto unit = unit_of(type);
  if (!unit) return instant;
  const std::int64_t factor = us_in(*unit);
  const std::string count = fmt::format("(({} + {}) / {})", us_sql(instant), factor - 1, factor);
  if (*unit != TimeUnit::uuidv7) return count;
  return fmt::format(
      "pg_catalog.rpad(pg_catalog.lpad(pg_catalog.to_hex({}), 12, '0'), 32, '0')::uuid", count);
}

std::string floor_sql(const ColumnFacts& column) {
  const auto unit = unit_of(column.time);
  if (!unit) return fmt::format("'-infinity'::{}", column.type);
  const std::int64_t first = count_from(first_time_us, *unit);
  if (*unit == TimeUnit::uuidv7) return fmt::format("'{}'::uuid", uuid_of(first));
  return fmt::format("'{}'::bigint", first - 1);
}

std::string has_time_sql(const ColumnFacts& column) {
  return column.time == TimeType::uuidv7 ? is_version_7("x." + column.quoted) : "";
}

std::string count_sql(const ColumnFacts& column) {
  const std::string name = "x." + column.quoted;
  if (column.time != TimeType::uuidv7) return name;
  return fmt::format(
      "('x' || pg_catalog.left(pg_catalog.replace({}::text, '-', ''), 12))::bit(48)::bigint", name);
}

std::string instant_sql(const ColumnFacts& column) {
  const std::string name = "x." + column.quoted;
  if (column.time == TimeType::timestamp) return fmt::format("({} AT TIME ZONE 'UTC')", name);
  if (column.time == TimeType::date)
    return fmt::format("((({} + 1)::timestamp) AT TIME ZONE 'UTC')", name);
  if (const auto unit = unit_of(column.time)) return counted_instant(column, *unit);
  return name;
}

}  // namespace lethe::db
