-- What the audit says of a run: the run itself, its tasks, and its policy, as far as that is the newest
-- entry before the run was made or one from while it was open. The oldest first.
--
--   $1 text     run
-- Returns  as audit/list.sql; at most 1000
-- Locks    none
-- Index    audit_object, runs_pkey, ledger_heads_run, items_run, dead_run, history_run
-- Caller   PgProofStore::audit_of_run
WITH run AS MATERIALIZED (
  SELECT r.id, r.policy, r.created_at, coalesce(r.finished_at, clock_timestamp()) AS until
    FROM lethe.runs r WHERE r.id = $1::text
), objects AS MATERIALIZED (
  SELECT $1::text AS object
  UNION SELECT h.task FROM lethe.ledger_heads h WHERE h.run = $1::text
  UNION SELECT i.id FROM lethe.items i WHERE i.run_id = $1::text
  UNION SELECT d.id FROM lethe.dead d WHERE d.run_id = $1::text
  UNION SELECT h.id FROM lethe.history h WHERE h.run_id = $1::text
), entries AS (
  SELECT a.id FROM objects o JOIN lethe.audit a ON a.object = o.object
  UNION
  SELECT a.id
    FROM run
   CROSS JOIN LATERAL (
          (SELECT e.id FROM lethe.audit e
            WHERE e.object = run.policy AND e.action LIKE 'policy.%' AND e.at <= run.created_at
            ORDER BY e.id DESC LIMIT 1)
          UNION ALL
          (SELECT e.id FROM lethe.audit e
            WHERE e.object = run.policy AND e.action LIKE 'policy.%' AND e.at > run.created_at
              AND e.at <= run.until)) a
)
SELECT a.id, lethe.iso(a.at) AS at, a.actor, a.action, a.object, a.detail, a.hash
  FROM lethe.audit a
 WHERE a.id IN (SELECT e.id FROM entries e)
 ORDER BY a.id
 LIMIT 1000
