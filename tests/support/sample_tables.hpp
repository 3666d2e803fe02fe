#pragma once

#include <optional>
#include <string>

#include "common/policies/policy.hpp"
#include "tests/support/test_database.hpp"

namespace lethe::test {

inline constexpr std::int64_t day = 86'400;

/// public.t(id, tenant, status, created_at, seen_at, note): `rows` rows, row n being n hours old,
/// tenants t0…t9 in turn, status done and open in turn. created_at is `type`.
inline void make_plain_table(TestDatabase& database, int rows,
                             const std::string& type = "timestamptz") {
  database.execute(
      "CREATE TABLE public.t (id bigint PRIMARY KEY, tenant text, status text, created_at " + type +
      ", seen_at timestamptz, note text NOT NULL DEFAULT repeat('x', 150))");
  database.execute(
      "SET LOCAL TimeZone = 'UTC'; INSERT INTO public.t (id, tenant, status, created_at) SELECT n, "
      "'t' || n % 10, CASE n % 2 WHEN 0 THEN 'done' ELSE 'open' END, (now() - n * interval '1 "
      "hour')::" +
      type + " FROM generate_series(1, " + std::to_string(rows) + ") n");
  database.execute("ANALYZE public.t");
}

/// public.p, partitioned by created_at into months m1 (newest) to m6, 100 rows a month, at the same
/// physical places in every partition. The table's own default partition is empty.
inline void make_partitioned_table(TestDatabase& database) {
  database.execute(
      "CREATE TABLE public.p (id bigint, created_at timestamptz NOT NULL, note text) PARTITION BY "
      "RANGE (created_at); CREATE TABLE public.p_default PARTITION OF public.p DEFAULT");
  for (int month = 1; month <= 6; ++month) {
    const std::string m = std::to_string(month);
    database.execute(
        "DO $$ BEGIN EXECUTE format('CREATE TABLE public.p_m" + m +
        " PARTITION OF public.p FOR VALUES FROM (%L) TO (%L)', date_trunc('day', now())"
        " - " +
        m + " * interval '30 days', date_trunc('day', now()) - (" + m +
        " - 1) * interval '30 days'); END $$");
    database.execute("INSERT INTO public.p SELECT n, date_trunc('day', now()) - " + m +
                     " * interval '30 days' + n * interval '1 hour', 'x' FROM "
                     "generate_series(1, 100) n");
  }
  database.execute("ANALYZE public.p");
}

/// How a run visits the whole of a table that was filled in the order of its primary key.
inline std::string whole_visit(TestDatabase& database) {
  return database.number("SHOW server_version_num") < 140'000 ? "key" : "sweep";
}

/// What is measured through ranges of addresses, which servers have from PostgreSQL 14 on.
inline std::optional<std::int64_t> if_tid_ranges(TestDatabase& database, std::int64_t bytes) {
  if (database.number("SHOW server_version_num") < 140'000) return std::nullopt;
  return bytes;
}

/// A policy on public.t (or `table`): created_at older than `days`.
inline Policy policy_of(const std::string& name, std::int64_t days,
                        const std::string& table = "t") {
  Policy policy;
  policy.name = name;
  policy.target = "app";
  policy.table = {.schema = "public", .table = table};
  policy.timestamp = {"created_at"};
  policy.retain = {.months = 0, .seconds = days * day};
  return policy;
}

}  // namespace lethe::test
