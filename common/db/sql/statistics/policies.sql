-- How each enabled policy fares. All of it is about the policy as it is now: runs of its name with
-- another target or spec prove nothing of it. The lag is what has been proved: a run that was
-- satisfied left no row that was due at its as_of, so none is overdue by more than has passed since.
-- A policy that was never satisfied counts from when it became what it is. Rates are between its last
-- two such looks at the table's statistics; unknown where statistics were reset, where another spec
-- was in force in between, and where a run may have taken partitions away, whose counts went with
-- them: a run says so in its space, and one that ended before it looked there may have.
--
--   $1 integer  most policies, those that fail first, then those with the longest lag
-- Returns  name, target, lag_seconds, failing (its last run that ended was neither satisfied nor
--          cancelled), inserts_per_second, deletes_per_second (both NULL: unknown)
-- Locks    none
-- Index    runs_proven, runs_ended, runs_of_policy
-- Caller   PgStatisticsStore::read
SELECT p.name, p.target,
       greatest(0, extract(epoch FROM clock_timestamp()
                                      - coalesce(s.as_of, p.applied_at)))::float8 AS lag_seconds,
       coalesce(e.state NOT IN ('satisfied', 'cancelled'), false) AS failing,
       CASE WHEN d.inserted >= 0 THEN d.inserted / d.seconds END AS inserts_per_second,
       CASE WHEN d.inserted >= 0 THEN d.deleted / d.seconds END AS deletes_per_second
  FROM lethe.policies p
  LEFT JOIN LATERAL (
         SELECT r.id, r.as_of, r.finished_at, (r.space ->> 'inserted')::bigint AS inserted
           FROM lethe.runs r
          WHERE r.policy = p.name AND r.target = p.target AND r.spec_sha256 = p.spec_sha256
            AND r.state = 'satisfied'
          ORDER BY r.id DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (
         SELECT r.id, r.finished_at, (r.space ->> 'inserted')::bigint AS inserted
           FROM lethe.runs r
          WHERE r.policy = p.name AND r.target = p.target AND r.spec_sha256 = p.spec_sha256
            AND r.state = 'satisfied' AND r.id < s.id
          ORDER BY r.id DESC LIMIT 1) b ON true
  LEFT JOIN LATERAL (
         SELECT CASE WHEN NOT bool_or(r.target <> p.target OR r.spec_sha256 <> p.spec_sha256
                                      OR coalesce((r.space ->> 'returned')::bigint, 0) > 0
                                      OR coalesce((r.space ->> 'quarantined')::bigint, 0) > 0
                                      OR (r.space IS NULL AND r.batches > 0
                                          AND r.spec ->> 'partitions' IS NOT NULL))
                     THEN (s.inserted - b.inserted)::float8 END AS inserted,
                nullif(extract(epoch FROM s.finished_at - b.finished_at), 0)::float8 AS seconds,
                sum(r.rows)::float8 AS deleted
           FROM lethe.runs r
          WHERE r.policy = p.name AND r.id > b.id AND r.id <= s.id AND r.state <> 'skipped') d ON true
  LEFT JOIN LATERAL (
         SELECT r.state FROM lethe.runs r
          WHERE r.policy = p.name AND r.target = p.target AND r.spec_sha256 = p.spec_sha256
            AND r.finished_at IS NOT NULL AND r.state <> 'skipped'
          ORDER BY r.id DESC LIMIT 1) e ON true
 WHERE p.enabled
 ORDER BY failing DESC, lag_seconds DESC, p.name
 LIMIT $1::integer
