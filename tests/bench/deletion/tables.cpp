#include "tests/bench/deletion/tables.hpp"

#include <fmt/format.h>

namespace lethe::bench {

namespace {

const char* template_of(Order order) {
  return order == Order::random ? "bench.random_order" : "bench.time_order";
}

}  // namespace

const char* to_text(Order order) { return order == Order::random ? "random order" : "time order"; }

Tables::Tables(test::TestDatabase& target, std::int64_t rows) : target_(target), rows_(rows) {
  target_.execute("CREATE SCHEMA bench");
}

void Tables::run(const std::vector<std::string>& statements) {
  pqxx::connection connection(target_.url());
  pqxx::nontransaction work(connection);
  for (const std::string& statement : statements) work.exec(statement);
}

void Tables::settle(const std::string& table) { run({"VACUUM (ANALYZE) " + table, "CHECKPOINT"}); }

/// `u` runs evenly over 0..1; the two gaps in the ages are what half_of_rows and hundredth_of_rows
/// lie in.
void Tables::ensure_template(Order order) {
  const std::string name = template_of(order);
  if (target_.number(fmt::format("SELECT (to_regclass('{}') IS NOT NULL)::int", name)) > 0) return;
  const std::string u =
      order == Order::random ? "random()" : fmt::format("1 - n::float8 / {}", rows_);
  run({"SET max_parallel_workers_per_gather = 0", "SELECT setseed(0.42)",
       fmt::format(
           "CREATE TABLE {} WITH (autovacuum_enabled = false) AS SELECT n AS id, now() - (198 * u "
           "+ CASE WHEN u >= 0.5 THEN 2 ELSE 0 END + CASE WHEN u >= 0.99 THEN 2 ELSE 0 END) * "
           "interval '1 day' AS created_at, (ARRAY['login', 'export', 'mail'])[n % 3 + 1] AS kind, "
           "repeat(md5(n::text), 5) AS payload FROM (SELECT n, {} AS u FROM generate_series(1, "
           "{}::bigint) n) s",
           name, u, rows_)});
}

void Tables::make(const TableShape& shape) {
  ensure_template(shape.order);
  run({"SET maintenance_work_mem = '256MB'", "SET synchronize_seqscans = off",
       "DROP TABLE IF EXISTS public.t",
       "CREATE TABLE public.t (id bigint NOT NULL, tenant_id bigint NOT NULL, created_at "
       "timestamptz "
       "NOT NULL, kind text NOT NULL, payload text NOT NULL) WITH (autovacuum_enabled = false)",
       fmt::format("INSERT INTO public.t SELECT id, id % {}, created_at, kind, payload FROM {}",
                   shape.tenants, template_of(shape.order)),
       "ALTER TABLE public.t ADD PRIMARY KEY (id)",
       "CREATE INDEX t_by_tenant ON public.t (tenant_id, created_at)"});
  if (shape.time_index) run({"CREATE INDEX t_by_time ON public.t (created_at)"});
  settle("public.t");
}

std::int64_t Tables::count() { return target_.number("SELECT count(*) FROM public.t"); }

std::int64_t Tables::count_older_than(const std::string& age) {
  return target_.number(
      fmt::format("SELECT count(*) FROM public.t WHERE created_at < now() - interval '{}'", age));
}

}  // namespace lethe::bench
