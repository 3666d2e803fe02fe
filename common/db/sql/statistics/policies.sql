-- How each enabled policy fares. The lag is what has been proved: a run that was satisfied left no row
-- that was due at its as_of, so none is overdue by more than has passed since. A policy that was never
-- satisfied counts from when it was made. Rates are between its last two such looks at the table's
-- statistics; unknown where statistics were reset or partitions took their counts with them.
--
--   $1 integer  most policies, those with the longest lag first
-- Returns  name, target, lag_seconds, failing (its last run that ended was neither satisfied nor
--          cancelled), inserts_per_second, deletes_per_second (both NULL: unknown)
-- Locks    none
-- Index    runs_satisfied_last, runs_ended
-- Caller   PgStatisticsStore::read
SELECT p.name, p.target,
       greatest(0, extract(epoch FROM clock_timestamp()
                                      - coalesce(s.as_of, p.created_at)))::float8 AS lag_seconds,
       coalesce(e.state NOT IN ('satisfied', 'cancelled'), false) AS failing,
       CASE WHEN d.inserted >= 0 THEN d.inserted / d.seconds END AS inserts_per_second,
       CASE WHEN d.inserted >= 0 THEN d.deleted / d.seconds END AS deletes_per_second
  FROM lethe.policies p
  LEFT JOIN LATERAL (
         SELECT r.id, r.as_of, r.finished_at, (r.space ->> 'inserted')::bigint AS inserted
           FROM lethe.runs r
          WHERE r.policy = p.name AND r.state = 'satisfied'
          ORDER BY r.id DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (
         SELECT r.id, r.finished_at, (r.space ->> 'inserted')::bigint AS inserted
           FROM lethe.runs r
          WHERE r.policy = p.name AND r.state = 'satisfied' AND r.id < s.id
          ORDER BY r.id DESC LIMIT 1) b ON true
  LEFT JOIN LATERAL (
         SELECT (s.inserted - b.inserted)::float8 AS inserted,
                nullif(extract(epoch FROM s.finished_at - b.finished_at), 0)::float8 AS seconds,
                (SELECT coalesce(sum(r.rows), 0) FROM lethe.runs r
                  WHERE r.policy = p.name AND r.id > b.id AND r.id <= s.id)::float8 AS deleted) d ON true
  LEFT JOIN LATERAL (
         SELECT r.state FROM lethe.runs r
          WHERE r.policy = p.name AND r.finished_at IS NOT NULL AND r.state <> 'skipped'
          ORDER BY r.id DESC LIMIT 1) e ON true
 WHERE p.enabled
 ORDER BY lag_seconds DESC, p.name
 LIMIT $1::integer
