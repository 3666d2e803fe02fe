-- What guards want to know of a run that is being planned.
--
--   $1 text     run
-- Returns  proven (a run of this spec was satisfied in this target), taken (most rows of the policy's
--          satisfied runs there in a week, or of the last five, NULL: none), previewed (rows that the newest preview of
--          this spec counted, NULL: none), acknowledged (rows that a person agreed to, NULL: nobody),
--          needs_approval, approved_by and applied_by ('' nobody), rows_done (of the run so far);
--          always one row
-- Locks    none
-- Index    runs_pkey, runs_proven, runs_satisfied, policies_pkey, previews_of, acknowledgements_of,
--          approvals_of, items_run, history_run, dead_run
-- Caller   PgTaskQueue::run_context
SELECT EXISTS (SELECT 1 FROM lethe.runs s
                WHERE s.policy = r.policy AND s.target = r.target AND s.spec_sha256 = r.spec_sha256
                  AND s.state = 'satisfied') AS proven,
       t.taken,
       (SELECT v.eligible FROM lethe.previews v
         WHERE v.target = r.target AND v.spec_sha256 = r.spec_sha256 AND v.policy = r.policy
         ORDER BY v.id DESC LIMIT 1) AS previewed,
       CASE WHEN r.policy IS NULL THEN r.acknowledged
            ELSE (SELECT a.rows FROM lethe.acknowledgements a
                   WHERE a.policy = r.policy AND a.target = r.target AND a.spec_sha256 = r.spec_sha256
                     -- Good for one satisfied run, and not for ever.
                     AND a.at > clock_timestamp() - interval '7 days'
                     AND (t.last_made IS NULL OR a.at > t.last_made)
                   ORDER BY a.id DESC LIMIT 1) END AS acknowledged,
       coalesce(p.needs_approval, false) AS needs_approval,
       coalesce((SELECT o.approved_by FROM lethe.approvals o
                  WHERE o.policy = r.policy AND o.spec_sha256 = r.spec_sha256
                    AND o.at >= p.applied_at AND o.approved_by <> p.applied_by
                  ORDER BY o.id DESC LIMIT 1), '') AS approved_by,
       coalesce(p.applied_by, '') AS applied_by,
       (SELECT e.rows FROM lethe.run_effort(r.id) e) AS rows_done
  FROM lethe.runs r
  LEFT JOIN lethe.policies p ON p.name = r.policy
 -- A week, for traffic has days; the last five in any case, for some policies run once a month.
 CROSS JOIN LATERAL (SELECT max(l.rows) FILTER (
                              WHERE l.n <= 5 OR l.created_at > clock_timestamp() - interval '7 days') AS taken,
                            max(l.created_at) AS last_made
                       FROM (SELECT s.rows, s.created_at, row_number() OVER (ORDER BY s.id DESC) AS n
                               FROM lethe.runs s
                              WHERE s.policy = r.policy AND s.target = r.target
                                AND s.state = 'satisfied'
                              ORDER BY s.id DESC LIMIT 10000) l) t
 WHERE r.id = $1::text
