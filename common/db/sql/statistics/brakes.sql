-- What holds the fleet back: pauses by scope, freezes, targets that could not be reached three times in
-- a row and by nobody since, limits of rows per second that must be paid off first. Such a target counts
-- until a task gets through (circuits/close.sql), also while one probes: were it only counted during the
-- pauses, it would come and go with each probe.
--
-- Returns  name (paused_all, paused_target, paused_policy, paused_tenant, frozen, circuit_open, pace),
--          count
-- Locks    none
-- Index    pauses_pkey, target_slots_failing, paces_pkey
-- Caller   PgStatisticsStore::read
SELECT k.name, count(x.name) AS count
  FROM (VALUES ('paused_all'), ('paused_target'), ('paused_policy'), ('paused_tenant'),
               ('frozen')) AS k (name)
  LEFT JOIN (SELECT CASE WHEN p.frozen THEN 'frozen' ELSE 'paused_' || p.scope END AS name
               FROM lethe.pauses p) x ON x.name = k.name
 GROUP BY k.name
 UNION ALL
SELECT 'circuit_open', count(DISTINCT s.target)
  FROM lethe.target_slots s
 WHERE s.failures >= 3
 UNION ALL
SELECT 'pace', count(DISTINCT (c.scope, c.name))
  FROM lethe.paces c
 WHERE c.paid_until > clock_timestamp()
 ORDER BY name
