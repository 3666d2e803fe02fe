#include "tests/bench/deletion/rivals.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <stdexcept>

#include "common/process/child_process.hpp"

namespace lethe::bench {

namespace {

constexpr std::chrono::minutes cron_limit{30};

constexpr const char* procedures = R"sql(
CREATE OR REPLACE PROCEDURE bench.loop_per_tenant(age interval) LANGUAGE plpgsql AS $$
DECLARE
  cutoff timestamptz := now() - age;
  one bigint;
  gone bigint;
BEGIN
  FOR one IN SELECT id FROM bench.tenants ORDER BY id LOOP
    LOOP
      DELETE FROM public.t WHERE id IN (
        SELECT id FROM public.t WHERE tenant_id = one AND created_at < cutoff LIMIT 1000);
      GET DIAGNOSTICS gone = ROW_COUNT;
      COMMIT;
      EXIT WHEN gone < 1000;
    END LOOP;
  END LOOP;
END $$;

CREATE TABLE IF NOT EXISTS bench.by_cron (started_at timestamptz, finished_at timestamptz);

CREATE OR REPLACE PROCEDURE bench.loop_by_cron(age interval) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO bench.by_cron VALUES (clock_timestamp());
  COMMIT;
  CALL bench.loop_per_tenant(age);
  UPDATE bench.by_cron SET finished_at = clock_timestamp() WHERE finished_at IS NULL;
END $$;

CREATE OR REPLACE PROCEDURE bench.keyset_loop(age interval) LANGUAGE plpgsql AS $$
DECLARE
  cutoff timestamptz := now() - age;
  last_at timestamptz := '-infinity';
  last_id bigint := 0;
  picked bigint;
BEGIN
  LOOP
    WITH batch AS (
      SELECT id, created_at FROM public.t
       WHERE created_at < cutoff AND created_at >= last_at AND (created_at, id) > (last_at, last_id)
       ORDER BY created_at, id LIMIT 1000
    ), gone AS (DELETE FROM public.t USING batch WHERE t.id = batch.id)
    SELECT count(*), max(created_at), (array_agg(id ORDER BY created_at DESC, id DESC))[1]
      INTO picked, last_at, last_id FROM batch;
    COMMIT;
    EXIT WHEN picked < 1000;
  END LOOP;
END $$;
)sql";

std::string server_url() {
  const auto url = environment_variable("LETHE_TEST_DATABASE");
  if (!url) throw std::runtime_error("LETHE_TEST_DATABASE is not set");
  return *url;
}

/// Why pg_cron cannot be measured; nothing when it can.
std::optional<std::string> why_no_cron(pqxx::nontransaction& work) {
  const auto row = work.exec(
                           "SELECT current_setting('shared_preload_libraries') LIKE '%pg_cron%',"
                           " current_setting('server_version_num')::int / 10000")
                       .at(0);
  if (row.at(0).as<bool>()) return std::nullopt;
  return fmt::format("the server has no pg_cron, postgresql-{}-cron is not installed",
                     row.at(1).as<int>());
}

/// A job for one minute of this year: a job that is removed while it runs is cancelled, and one for
/// every minute would start again.
std::int64_t schedule_once(pqxx::nontransaction& work, const std::string& statement,
                           const std::string& database) {
  return work
      .exec(fmt::format(
          "SELECT cron.schedule_in_database('bench', to_char(at, 'FMMI FMHH24 FMDD FMMM \"*\"'), "
          "{},"
          " {}) FROM date_trunc('minute', (now() + interval '63 seconds') AT TIME ZONE 'UTC') at",
          work.quote(statement), work.quote(database)))
      .at(0)
      .at(0)
      .as<std::int64_t>();
}

/// Throws when the job failed.
void check_job(pqxx::nontransaction& work, std::int64_t job) {
  const auto rows = work.exec(fmt::format(
      "SELECT return_message FROM cron.job_run_details WHERE jobid = {} AND status = 'failed'",
      job));
  if (!rows.empty())
    throw std::runtime_error("pg_cron: " + rows.at(0).at(0).as<std::string>("no message"));
}

}  // namespace

std::string one_delete(const std::string& age) {
  return fmt::format("DELETE FROM public.t WHERE created_at < now() - interval '{}'", age);
}

void install_procedures(Bench& bench, std::int64_t tenants) {
  bench.tables().run(
      {procedures, "DROP TABLE IF EXISTS bench.tenants",
       fmt::format(
           "CREATE TABLE bench.tenants AS SELECT id FROM generate_series(0, {}::bigint - 1) "
           "id",
           tenants)});
}

std::string loop_per_tenant(const std::string& age) {
  return fmt::format("CALL bench.loop_per_tenant('{}')", age);
}

std::string keyset_loop(const std::string& age) {
  return fmt::format("CALL bench.keyset_loop('{}')", age);
}

Json loop_by_cron(Bench& bench, const std::string& age) {
  pqxx::connection connection(server_url());
  pqxx::nontransaction work(connection);
  if (const auto why = why_no_cron(work)) return {{"not_measured", *why}};
  work.exec("SET client_min_messages = warning");
  work.exec("CREATE EXTENSION IF NOT EXISTS pg_cron");
  bench.tables().run({"TRUNCATE bench.by_cron"});
  const std::int64_t job = schedule_once(work, fmt::format("CALL bench.loop_by_cron('{}')", age),
                                         bench.target().text("SELECT current_database()"));
  const bool ended = test::eventually(
      [&] {
        check_job(work, job);
        return bench.target().number("SELECT count(finished_at) FROM bench.by_cron") > 0;
      },
      cron_limit);
  if (!ended) throw std::runtime_error("pg_cron's job did not end within 30 min");
  work.exec(fmt::format("SELECT cron.unschedule({}::bigint)", job));
  pqxx::connection target(bench.target().url());
  pqxx::nontransaction times(target);
  return {{"elapsed_s",
           times
               .exec("SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8 FROM "
                     "bench.by_cron")
               .at(0)
               .at(0)
               .as<double>()}};
}

}  // namespace lethe::bench
