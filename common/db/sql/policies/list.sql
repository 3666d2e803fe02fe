-- The policies with their last run.
--
--   $1 text     one name, or NULL for all
-- Returns  name, target, spec_text, spec_sha256, epoch, enabled, paused, next_fire_at, updated_at,
--          last_run, last_state, last_rows, last_finished_at; by name
-- Locks    none
-- Index    runs_of_policy
-- Caller   PgPolicyStore::list, PgPolicyStore::find
SELECT p.name, p.target, p.spec_text, p.spec_sha256, p.epoch, p.enabled,
       EXISTS (SELECT 1 FROM lethe.pauses x
                WHERE x.scope = 'all' OR (x.scope = 'target' AND x.name = p.target)
                   OR (x.scope = 'policy' AND x.name = p.name)) AS paused,
       lethe.iso(p.next_fire_at) AS next_fire_at, lethe.iso(p.updated_at) AS updated_at,
       r.id AS last_run, r.state AS last_state, r.rows AS last_rows,
       lethe.iso(r.finished_at) AS last_finished_at
  FROM lethe.policies p
  LEFT JOIN LATERAL (SELECT q.id, q.state, q.rows, q.finished_at
                       FROM lethe.runs q
                      WHERE q.policy = p.name AND q.state <> 'skipped'
                      ORDER BY q.id DESC
                      LIMIT 1) r ON true
 WHERE $1::text IS NULL OR p.name = $1::text
 ORDER BY p.name
